import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from cxspark.factorization.reasons import split_scores


@given(seed=st.integers(0, 2**32 - 1), n_reasons=st.none() | st.integers(0, 20))
def test_each_picks_greatest_parts_are_told_and_the_rest_as_one(seed, n_reasons) -> None:
    rng = np.random.default_rng(seed)
    n_users, n_items, n = (int(rng.integers(1, most)) for most in (6, 12, 5))
    cells = csr_matrix(rng.random((n_users, n_items)) < 0.6, dtype=float)
    parts = rng.integers(-2, 4, (cells.nnz, n)).astype(float)  # many are equal
    columns = np.where(rng.random((n_users, n)) < 0.7, rng.integers(0, n_items, (n_users, n)), -1)
    scores = rng.integers(-3, 9, (n_users, n)).astype(float)
    found = split_scores(parts, cells, scores, columns, n_reasons=n_reasons)
    wanted = []
    for pick, (user, place) in enumerate(np.argwhere(columns >= 0)):
        entries = range(cells.indptr[user], cells.indptr[user + 1])
        told = sorted(
            (-parts[entry, place], cells.indices[entry]) for entry in entries if parts[entry, place]
        )[:n_reasons]
        wanted += [(pick, column, -given) for given, column in told]
        left = scores[user, place] + sum(given for given, _ in told)
        wanted += [(pick, -1, left)] if left else []
    assert found.n_picks == np.sum(columns >= 0)
    got = zip(found.pick, found.column, found.contribution, strict=True)
    assert [tuple(one) for one in got] == wanted  # whole numbers: sums are exact
