from datetime import datetime

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from cxspark.contracts.checks import conform
from cxspark.contracts.errors import ContractError
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS
from cxspark.distance import ProductMetric, nearest_blocks, pack_rows, unpack_nearest
from cxspark.neighbors.popularity import (
    cells_by_item_rank,
    measure_cells,
    rank_items,
    recent_since,
)
from cxspark.neighbors.recommend import name_neighbors, recommend_items
from cxspark.neighbors.settings import NeighborWeight

NEW, OLD = datetime(2026, 3, 10), datetime(2026, 1, 1)

# ann is at 1 from bob (ties by id) and from cat; dan is far; eve has only returned something.
CELLS = [
    ("ann", "milk", 1.0, OLD),
    ("bob", "milk", 1.0, OLD),
    ("bob", "tea", 1.0, OLD),
    ("cat", "milk", 1.0, OLD),
    ("cat", "jam", 1.0, OLD),
    ("dan", "car", 50.0, NEW),
    ("dan", "tea", 1.0, OLD),
    ("eve", "car", -1.0, NEW),
]


def frames(
    spark: SparkSession,
    cells: list[tuple[str, str, float, datetime]],
    k: int,
    metric: ProductMetric = "euclidean",
) -> tuple[DataFrame, DataFrame]:
    rows = [(user, item, weight, 1, at, at) for user, item, weight, at in cells]
    user_item = spark.createDataFrame(rows, USER_ITEM.schema)
    newest_micros = measure_cells(user_item).collect()[0]["newest_micros"]
    items = rank_items(user_item, recent_micros=recent_since(newest_micros, days=7))
    blocks = pack_rows(cells_by_item_rank(user_item, items), n_blocks=2)
    nearest = nearest_blocks(
        *(blocks, blocks), k=k, n_blocks=2, metric=metric, same=True, min_cells=1, keep_rows=True
    )
    return nearest, items


def recommended(
    spark: SparkSession,
    *,
    k: int = 2,
    n: int = 3,
    metric: ProductMetric = "euclidean",
    neighbor_weight: NeighborWeight = "uniform",
) -> dict[str, list[Row]]:
    nearest, items = frames(spark, CELLS, k, metric)
    found = recommend_items(nearest, items, n=n, metric=metric, neighbor_weight=neighbor_weight)
    by_user: dict[str, list[Row]] = {}
    for row in conform(found, RECOMMENDATIONS).orderBy("user_id", "rank").collect():
        by_user.setdefault(row["user_id"], []).append(row)
        assert row["rank"] == len(by_user[row["user_id"]])
        contributions = [reason["contribution"] for reason in row["reasons"]]
        assert sum(contributions) == pytest.approx(row["score"])
    return by_user


def short(rows: list[Row]) -> list[tuple[str, float, str]]:
    return [(row["item_id"], row["score"], row["origin"]) for row in rows]


def test_the_neighbours_items_come_first_then_what_is_popular(spark: SparkSession) -> None:
    found = recommended(spark)
    # bob's tea and cat's jam count the same; two users have tea, one has jam.
    assert short(found["ann"]) == [
        ("tea", 1.0, "neighbors"),
        ("jam", 1.0, "neighbors"),
        ("car", 1.0, "popular"),
    ]
    assert [tuple(reason) for reason in found["ann"][0]["reasons"]] == [
        ("neighbor", "bob", 1.0, 1.0)
    ]
    assert [tuple(reason) for reason in found["ann"][2]["reasons"]] == [
        ("popularity", "car", None, 1.0)
    ]


def test_a_user_without_a_positive_weight_gets_popular_items_she_has_not(
    spark: SparkSession,
) -> None:
    # Nothing but the car was bought of late, and she has had that: what most users have follows.
    assert short(recommended(spark)["eve"]) == [
        ("milk", 0.0, "popular"),
        ("tea", 0.0, "popular"),
        ("jam", 0.0, "popular"),
    ]


def test_every_user_gets_as_many_items_as_there_are_that_she_lacks(spark: SparkSession) -> None:
    found = recommended(spark, n=10)
    assert {user: len(rows) for user, rows in found.items()} == {
        "ann": 3,
        "bob": 2,
        "cat": 2,
        "dan": 2,
        "eve": 3,
    }


def test_a_near_neighbour_may_count_more(spark: SparkSession) -> None:
    found = recommended(spark, neighbor_weight="distance")
    assert short(found["ann"])[:2] == [("tea", 0.5, "neighbors"), ("jam", 0.5, "neighbors")]


@pytest.mark.parametrize("metric", ["cosine", "jaccard"])
def test_who_has_nothing_in_common_isnt_listened_to(
    spark: SparkSession, metric: ProductMetric
) -> None:
    found = recommended(spark, k=3, metric=metric)
    # dan shares tea with bob alone: of ann's and cat's three nearest he is one all the same.
    assert ("car", 50.0, "neighbors") in short(found["bob"])
    assert "car" not in [row["item_id"] for row in found["ann"] if row["origin"] == "neighbors"]
    assert [(row["item_id"], row["origin"]) for row in found["ann"]][-1] == ("car", "popular")
    told = {reason["id"] for row in found["ann"] for reason in row["reasons"]}
    assert told == {"bob", "cat", "car"}


def test_neighbours_are_named_by_user_and_metric(spark: SparkSession) -> None:
    nearest, _ = frames(spark, CELLS, 1)
    named = conform(
        name_neighbors(unpack_nearest(nearest), metric="euclidean"), USER_NEIGHBORS
    ).collect()
    assert ("user_knn", "ann", 1, "bob", 1.0, "euclidean") in [tuple(row) for row in named]
    assert {row["user_id"] for row in named} == {"ann", "bob", "cat", "dan"}


def test_an_empty_matrix_gives_no_recommendations(spark: SparkSession) -> None:
    nearest, items = frames(spark, [], 2)
    assert recommend_items(nearest, items, n=3).collect() == []


def test_frames_of_another_kind_are_refused(spark: SparkSession) -> None:
    nearest, items = frames(spark, [], 2)
    with pytest.raises(ContractError, match="ranked items"):
        recommend_items(nearest, items.drop("n_recent"), n=3)
