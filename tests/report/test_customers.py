from datetime import UTC, date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS
from cxspark.report.customers import (
    compare_neighbors,
    describe_customers,
    name_items,
    pick_customers,
    rank_history,
    select_recommendations,
)

EARLY = datetime(2026, 3, 2, tzinfo=UTC)
LATE = datetime(2026, 3, 9, tzinfo=UTC)


def rows(frame: DataFrame) -> list[tuple[object, ...]]:
    return [tuple(row) for row in frame.collect()]


@pytest.fixture(scope="module")
def cells(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        [
            ("u", "a", 2.0, 2, EARLY, EARLY),
            ("u", "b", 5.0, 1, LATE, LATE),
            ("u", "c", 2.0, 1, EARLY, LATE),
            ("v", "a", 1.0, 1, EARLY, EARLY),
            ("v", "c", 1.0, 4, EARLY, LATE),
        ],
        USER_ITEM.schema,
    )


def offers_of(spark: SparkSession, origins: dict[str, str]) -> DataFrame:
    return spark.createDataFrame(list(origins.items()), "user_id string, origin string")


def sizes_of(spark: SparkSession, sizes: dict[str, int]) -> DataFrame:
    sized = spark.createDataFrame(list(sizes.items()), "user_id string, size int")
    return sized.selectExpr("user_id", "explode(sequence(1, size)) AS item_id")


def test_picks_go_from_newcomers_to_the_busy(spark: SparkSession) -> None:
    sizes = {f"u{i:02}": i for i in range(1, 101)}
    offers = offers_of(spark, dict.fromkeys(sizes, "neighbors") | {"u90": "popular"})
    picks = rows(pick_customers(offers, sizes_of(spark, sizes), n=4))
    # First who has only popular items, however many she has; the busiest of the 100 stay out.
    assert picks[0] == ("u90", 90)
    found = [n for _, n in picks[1:]]
    assert found == pytest.approx([32, 64, 96], abs=2)


def test_users_with_equally_many_items_make_as_many_picks(spark: SparkSession) -> None:
    sizes = {f"u{i:02}": 3 for i in range(50)}
    offers = offers_of(spark, dict.fromkeys(sizes, "neighbors"))
    picks = rows(pick_customers(offers, sizes_of(spark, sizes), n=5))
    assert len({user for user, _ in picks}) == 5
    again = rows(pick_customers(offers.repartition(3), sizes_of(spark, sizes), n=5))
    assert again == picks


def test_few_users_make_few_picks_and_none_none(spark: SparkSession) -> None:
    offers = offers_of(spark, {"u": "neighbors", "stranger": "popular"})
    sizes = sizes_of(spark, {"u": 2})
    assert rows(pick_customers(offers, sizes, n=9)) == [("stranger", 0), ("u", 2)]
    assert rows(pick_customers(offers, sizes, n=0)) == []
    assert rows(pick_customers(offers.limit(0), sizes, n=3)) == []


def test_a_customer_is_described_by_her_cells(cells: DataFrame) -> None:
    days = (date(2026, 3, 2), date(2026, 3, 9))
    assert rows(describe_customers(cells, users=["u", "stranger"])) == [("u", 3, 4, *days)]


def test_history_is_by_weight_with_what_was_done(spark: SparkSession, cells: DataFrame) -> None:
    events = spark.createDataFrame(
        [("u", "a", "view"), ("u", "a", "cart"), ("u", "a", "view"), ("v", "a", "view")],
        "user_id string, item_id string, event_type string",
    )
    found = rows(rank_history(cells, events, users=["u"], n=2))
    # c has the same weight as a and loses the tie; b has no events in the table.
    assert found == [
        ("u", 1, "b", 5.0, 1, date(2026, 3, 9), []),
        ("u", 2, "a", 2.0, 2, date(2026, 3, 2), [(2, "view"), (1, "cart")]),
    ]


def test_reasons_come_the_weightiest_first_ties_by_id(spark: SparkSession) -> None:
    reasons = [
        ("neighbor", "x", 1.0, 1.0),
        ("neighbor", "z", 2.0, 3.0),
        ("neighbor", "y", 3.0, 3.0),
    ]
    offers = spark.createDataFrame(
        [
            ("knn", "u", 2, "b", 1.0, "popular", []),
            ("knn", "u", 1, "a", 7.0, "neighbors", reasons),
            ("knn", "u", 3, "c", 1.0, "popular", []),
            ("knn", "w", 1, "a", 7.0, "neighbors", reasons),
            ("als", "u", 1, "c", 0.5, "model", []),
        ],
        RECOMMENDATIONS.schema,
    )
    found = select_recommendations(offers, users=["u"], n=2).collect()
    assert [(row["algorithm"], row["rank"], row["item_id"], row["origin"]) for row in found] == [
        ("als", 1, "c", "model"),
        ("knn", 1, "a", "neighbors"),
        ("knn", 2, "b", "popular"),
    ]
    assert [reason["id"] for reason in found[1]["reasons"]] == ["y", "z", "x"]


def test_neighbors_come_with_the_items_in_common(spark: SparkSession, cells: DataFrame) -> None:
    near = spark.createDataFrame(
        [("knn", "u", 1, "v", 0.5, "jaccard"), ("knn", "u", 2, "gone", 1.0, "jaccard")],
        USER_NEIGHBORS.schema,
    )
    assert rows(compare_neighbors(near, cells, users=["u"])) == [
        ("u", 1, "v", 0.5, "jaccard", 2),
        ("u", 2, "gone", 1.0, "jaccard", 0),
    ]


def test_an_item_has_its_latest_name(spark: SparkSession) -> None:
    events = spark.createDataFrame(
        [
            ("a", "old", EARLY),
            ("a", "new", LATE),
            ("a", "also new", LATE),
            ("a", None, LATE),
            ("b", None, LATE),
            ("c", "not asked for", LATE),
        ],
        "item_id string, item_name string, event_at timestamp",
    )
    assert rows(name_items(events, items=["a", "b"])) == [("a", "new")]
    assert rows(name_items(events, items=[])) == []


def test_a_missing_column_is_named_with_its_table(cells: DataFrame) -> None:
    with pytest.raises(ContractError, match=r"gold\.user_item.*weight"):
        describe_customers(cells.drop("weight"), users=["u"])
