import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from cxspark.factorization.greatest import best_columns


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_it_is_what_sorting_gives(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-2, 3, (4, 7)).astype(np.float32)
    seen = rng.random((4, 7)) < 0.4
    best = best_columns(scores, csr_matrix(seen.astype(float)), n=n)
    for user in range(4):
        free = np.flatnonzero(~seen[user])
        expected = free[np.argsort(-scores[user, free], kind="stable")][:n]
        assert best[user][best[user] >= 0].tolist() == expected.tolist()


def test_a_seen_item_of_zero_weight_is_seen() -> None:
    seen = csr_matrix((np.array([0.0]), np.array([1]), np.array([0, 1])), (1, 3))
    assert best_columns(np.array([[1, 2, 0]], np.float32), seen, n=3).tolist() == [[0, 2, -1]]


def test_neither_nan_nor_minus_infinity_is_chosen() -> None:
    scores = np.array([[np.nan, -np.inf, 1]], np.float32)
    assert best_columns(scores, csr_matrix((1, 3)), n=3).tolist() == [[2, -1, -1]]
