import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_matrix

from cxspark.contracts.errors import ContractError
from cxspark.factorization.fold_in import FoldIn
from cxspark.factorization.items import Catalogue
from cxspark.factorization.recommend import Way, recommend_items
from cxspark.factorization.topn import top_items
from cxspark.factorization.users import USER_CELLS, USER_PARTS, USER_VECTORS, gather_users

ITEMS = np.array([[1, 0], [0, 1], [1, 1], [1, 1], [-1, 0]], np.float32)
# The last item isn't eligible; the most popular of the others is item 3.
CATALOGUE = Catalogue(
    ids=pa.array(["i0", "i1", "i2", "i3", "i4"]),
    column_of=np.arange(5, dtype=np.int32),
    factors=ITEMS,
    n_users=np.ones(5, np.int64),
    n_recent=np.array([1, 2, 3, 4, 5]),
    is_eligible=np.array([True, True, True, True, False]),
)
FOLD_IN = FoldIn(ITEMS, reg=0.1, alpha=1.0, implicit=True)
WAY = Way(CATALOGUE, FOLD_IN, n=3, n_reasons=0, refresh=False)


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


def recommended(
    spark: SparkSession, cells: list[tuple[str, int | None, float]], vectors: list[tuple[str, list]]
) -> DataFrame:
    """Lists by WAY, of users who have cells and may have factors."""
    users = gather_users(
        spark.createDataFrame(cells, USER_CELLS.schema),
        spark.createDataFrame(vectors, USER_VECTORS.schema),
        n_blocks=2,
    )
    return recommend_items(users, way=WAY)


def test_each_user_is_served_in_the_way_that_is_open_to_her(spark: SparkSession) -> None:
    cells = [("ann", 2, 1.0), ("bob", None, 2.0), ("cat", 0, 1.0), ("dan", 1, 1.0)]
    vectors = [("ann", [1.0, 2.0]), ("bob", [2.0, 1.0]), ("cat", [0.0, 0.0]), ("gone", [9.0, 9.0])]
    rows = recommended(spark, cells, vectors).orderBy("user_id", "rank").collect()
    found = {row["user_id"]: [] for row in rows}
    for row in rows:
        found[row["user_id"]].append((row["item_id"], row["score"], row["origin"]))
    # bob has nothing that the model knows, dan is new to it, of gone nothing is known any more.
    assert found.pop("ann") == [("i3", 3.0, "model"), ("i1", 2.0, "model"), ("i0", 1.0, "model")]
    assert found.pop("bob") == [(f"i{n}", n + 1.0, "popular") for n in (3, 2, 1)]
    assert found.pop("cat") == [(f"i{n}", 0.0, "model") for n in (1, 2, 3)]
    assert [(item, origin) for item, _, origin in found.pop("dan")][:2] == [
        ("i2", "fold_in"),
        ("i3", "fold_in"),
    ]
    assert not found


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match="no factors"):
        recommend_items(spark.createDataFrame([], USER_PARTS.schema).drop("factors"), way=WAY)


def test_no_users_get_no_lists(spark: SparkSession) -> None:
    assert recommended(spark, [], []).count() == 0


def test_factors_of_another_rank_are_refused(spark: SparkSession) -> None:
    found = recommended(spark, [("ann", 1, 1.0)], [("ann", [1.0])])
    with pytest.raises(Exception, match="expected 2 numbers each; found 1 of other lengths"):
        found.collect()
