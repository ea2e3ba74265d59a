from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.preferences import USER_ITEM
from cxspark.neighbors.popularity import (
    cells_by_item_rank,
    measure_cells,
    rank_items,
    recent_since,
)

NEW, EDGE, OLD = datetime(2026, 3, 10), datetime(2026, 3, 3), datetime(2026, 3, 2, 23, 59, 59)


def matrix(spark: SparkSession, *cells: tuple[str, str, float, datetime]) -> DataFrame:
    rows = [(user, item, weight, 1, at, at) for user, item, weight, at in cells]
    return spark.createDataFrame(rows, USER_ITEM.schema)


def ranked(user_item: DataFrame, *, days: float) -> DataFrame:
    newest_micros = measure_cells(user_item).collect()[0]["newest_micros"]
    return rank_items(user_item, recent_micros=recent_since(newest_micros, days=days))


def test_items_are_numbered_by_their_users_then_by_id(spark: SparkSession) -> None:
    user_item = matrix(
        spark,
        ("u1", "b", 1.0, NEW),
        ("u2", "b", 0.5, EDGE),
        ("u3", "b", 2.0, OLD),
        ("u1", "c", 1.0, OLD),
        ("u1", "a", 9.0, OLD),
        ("u2", "c", -1.0, NEW),
        ("u3", "r", 0.0, NEW),
    )
    found = ranked(user_item, days=7).orderBy("column_index").collect()
    assert [tuple(row) for row in found] == [
        ("b", 0, 3, 2),
        ("a", 1, 1, 0),
        ("c", 2, 1, 0),
        ("r", 3, 0, 0),
    ]


def test_the_newest_event_is_one_of_positive_weight(spark: SparkSession) -> None:
    user_item = matrix(spark, ("u1", "a", 1.0, OLD), ("u1", "b", -5.0, NEW))
    found = ranked(user_item, days=1).collect()
    assert {row["item_id"]: row["n_recent"] for row in found} == {"a": 1, "b": 0}


def test_an_empty_matrix_has_no_items(spark: SparkSession) -> None:
    assert ranked(matrix(spark), days=7).collect() == []


def test_weights_that_are_not_positive_are_kept_as_zeros(spark: SparkSession) -> None:
    user_item = matrix(spark, ("u1", "a", 2.0, NEW), ("u1", "b", -1.0, NEW), ("u2", "a", 0.0, NEW))
    items = ranked(user_item, days=7)
    cells = cells_by_item_rank(user_item, items).collect()
    assert sorted(tuple(cell) for cell in cells) == [("u1", 0, 2.0), ("u1", 1, 0.0), ("u2", 0, 0.0)]


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match="a column last_at timestamp"):
        rank_items(matrix(spark).drop("last_at"), recent_micros=0)


def test_what_is_known_beforehand_is_the_newest_event_and_how_many_users(
    spark: SparkSession,
) -> None:
    user_item = matrix(spark, ("u1", "a", 1.0, OLD), ("u2", "b", -5.0, NEW), ("u2", "a", 1.0, OLD))
    known = measure_cells(user_item).collect()[0]
    assert known["n_users"] == 2
    assert known["newest_micros"] == OLD.replace(tzinfo=UTC).timestamp() * 1e6
    assert tuple(measure_cells(matrix(spark)).collect()[0]) == (None, 0)
