import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from cxspark.contracts.errors import ContractError
from cxspark.factorization.topn import rank_by_factors, top_items
from cxspark.factorization.users import USER_CELLS, USER_VECTORS, pack_users

ITEMS = np.array([[1, 0], [0, 1], [1, 1], [1, 1], [-1, 0]], np.float32)


def brute_force(users, items, seen, n, eligible):
    """Every score, sorted: by score, ties by column."""
    scores = users.astype(np.float64) @ items.astype(np.float64).T
    found = []
    for user, row in enumerate(scores):
        left = [c for c in range(len(items)) if eligible[c] and not seen[user, c]]
        found.append(sorted(left, key=lambda column: (-row[column], column))[:n])
    return scores, found


@given(
    seed=st.integers(0, 2**32 - 1),
    n_users=st.integers(0, 300),
    n_items=st.integers(0, 40) | st.integers(1000, 1100),
    n=st.integers(1, 12),
    values=st.sampled_from([1, 2, 50]),
)
@example(seed=1, n_users=5, n_items=1024, n=10, values=1)
def test_it_is_what_sorting_all_scores_gives(seed, n_users, n_items, n, values) -> None:
    rng = np.random.default_rng(seed)
    # Whole numbers: few of them give many ties.
    users = rng.integers(-values, values + 1, (n_users, 3)).astype(np.float32)
    items = rng.integers(-values, values + 1, (n_items, 3)).astype(np.float32)
    seen = rng.random((n_users, n_items)) < rng.choice([0.05, 0.95])
    eligible = rng.random(n_items) < rng.choice([0.5, 1.0])
    scores, columns = top_items(users, items, csr_matrix(seen), n=n, eligible=eligible)
    wanted_scores, wanted = brute_force(users, items, seen, n, eligible)
    assert columns.shape == scores.shape == (n_users, n)
    for user, best in enumerate(wanted):
        assert columns[user].tolist() == best + [-1] * (n - len(best))
        assert scores[user, : len(best)].tolist() == wanted_scores[user, best].tolist()
        assert np.isneginf(scores[user, len(best) :]).all()


def test_many_equal_items_are_told_apart_by_column_though_rounding_differs() -> None:
    rng = np.random.default_rng(3)
    items = np.repeat(rng.standard_normal((40, 64)), 50, axis=0).astype(np.float32)
    users = rng.standard_normal((30, 64)).astype(np.float32)
    none = csr_matrix((30, 2000))
    _, columns = top_items(users, items, none, n=10)
    assert (np.diff(columns, axis=1) == 1).all()
    assert (columns[:, 0] % 50 == 0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_factors_that_are_not_finite_are_refused(bad: float) -> None:
    users, items = np.ones((1, 2), np.float32), ITEMS.copy()
    items[4, 1] = bad
    with pytest.raises(ContractError, match="expected finite numbers"):
        top_items(users, items, csr_matrix((1, 5)), n=1)
    users[0, 0] = bad
    with pytest.raises(ContractError, match="expected finite numbers"):
        top_items(users, ITEMS, csr_matrix((1, 5)), n=1)


def test_frames_in_frames_out(spark: SparkSession) -> None:
    cells = [("ann", 2, 1.0), ("bob", None, 2.0), ("cat", 0, 1.0), ("dan", 1, 1.0)]
    vectors = [("ann", [1.0, 2.0]), ("bob", [2.0, 1.0]), ("cat", [0.0, 0.0]), ("gone", [9.0, 9.0])]
    users = pack_users(
        spark.createDataFrame(cells, USER_CELLS.schema),
        spark.createDataFrame(vectors, USER_VECTORS.schema),
        n_blocks=2,
    )
    eligible = np.array([True, True, True, True, False])
    ranked = rank_by_factors(users, items=ITEMS, n=3, eligible=eligible)
    # ann has item 2; bob has none that the model knows; cat likes nothing; dan has no factors.
    assert sorted(tuple(row) for row in ranked.collect()) == [
        ("ann", 1, 3, 3.0),
        ("ann", 2, 1, 2.0),
        ("ann", 3, 0, 1.0),
        ("bob", 1, 2, 3.0),
        ("bob", 2, 3, 3.0),
        ("bob", 3, 0, 2.0),
        ("cat", 1, 1, 0.0),
        ("cat", 2, 2, 0.0),
        ("cat", 3, 3, 0.0),
    ]
    assert rank_by_factors(users.limit(0), items=ITEMS, n=3).count() == 0


def test_factors_of_another_rank_are_refused(spark: SparkSession) -> None:
    cells = spark.createDataFrame([("ann", 1, 1.0)], USER_CELLS.schema)
    vectors = spark.createDataFrame([("ann", [1.0])], USER_VECTORS.schema)
    users = pack_users(cells, vectors, n_blocks=1)
    with pytest.raises(Exception, match="expected 2 numbers each; found 1 of other lengths"):
        rank_by_factors(users, items=ITEMS, n=1).collect()
    with pytest.raises(ContractError, match="no factors"):
        rank_by_factors(users.drop("factors"), items=ITEMS, n=1)
