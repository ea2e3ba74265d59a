from datetime import UTC, date, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.report.intake import (
    aggregate_activity,
    aggregate_events,
    aggregate_loads,
    period_unit,
    rank_event_types,
    rank_reasons,
)

MONDAY = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)
NEXT_WEEK = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def rows(frame: DataFrame) -> list[tuple[object, ...]]:
    return [tuple(row) for row in frame.collect()]


def events_of(spark: SparkSession, *rows: tuple[str, str, datetime]) -> DataFrame:
    return spark.createDataFrame(rows, "user_id string, event_type string, event_at timestamp")


def test_loads_add_up_by_source_the_largest_first(spark: SparkSession) -> None:
    loads = spark.createDataFrame(
        [("a", 5, 3, 1, 1), ("b", 10, 10, 0, 0), ("a", 2, 0, 2, 0)],
        "source string, n_records long, n_accepted long, n_duplicates long, n_quarantined long",
    )
    assert rows(aggregate_loads(loads)) == [("b", 1, 10, 10, 0, 0), ("a", 2, 7, 3, 3, 1)]


def test_a_record_counts_under_each_of_its_reasons_once(spark: SparkSession) -> None:
    quarantine = spark.createDataFrame(
        [
            (["late", "late", "no user"], "b.csv", 7),
            (["no user"], "a.csv", 9),
            (["early"], "a.csv", 3),
            (["late"], "b.csv", 2),
        ],
        "reasons array<string>, file string, record_number long",
    )
    # Ties by name; the example is the first record of the first file; the third is cut off.
    assert rows(rank_reasons(quarantine, n=2)) == [
        ("late", 2, "b.csv", 2),
        ("no user", 2, "a.csv", 9),
    ]


def test_events_are_summed_up_in_utc_days(spark: SparkSession) -> None:
    events = events_of(spark, ("u", "view", MONDAY), ("u", "cart", TUESDAY), ("v", "view", TUESDAY))
    assert rows(aggregate_events(events)) == [(3, 2, date(2026, 3, 2), date(2026, 3, 3))]


def test_no_events_are_a_row_of_zeros_without_days(spark: SparkSession) -> None:
    assert rows(aggregate_events(events_of(spark))) == [(0, 0, None, None)]


def test_the_commonest_types_come_first_ties_by_name(spark: SparkSession) -> None:
    kinds = ["view", "cart", "buy", "view", "cart", "drop"]
    events = events_of(spark, *[("u", kind, MONDAY) for kind in kinds])
    assert rows(rank_event_types(events, n=3)) == [("cart", 2), ("view", 2), ("buy", 1)]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("day", [(2, "view", 1), (3, "other", 1), (3, "view", 1), (10, "view", 1)]),
        ("week", [(2, "other", 1), (2, "view", 2), (9, "view", 1)]),
    ],
)
def test_activity_is_told_by_period_and_named_type(
    spark: SparkSession, unit: str, expected: list[tuple[int, str, int]]
) -> None:
    events = events_of(
        spark,
        ("u", "view", MONDAY),
        ("u", "view", TUESDAY),
        ("u", "rare", TUESDAY),
        ("v", "view", NEXT_WEEK),
    )
    found = rows(aggregate_activity(events, unit=unit, types=["view"]))
    assert found == [(date(2026, 3, day), kind, n) for day, kind, n in expected]


def test_the_unit_keeps_the_periods_few() -> None:
    first = date(1990, 1, 1)
    lasts = [date(1991, 1, 1), date(1993, 1, 1), date(2010, 1, 1), date(2040, 1, 1)]
    assert [period_unit(first, last) for last in lasts] == ["day", "week", "month", "year"]
    assert period_unit(None, None) == "day"


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    events = events_of(spark).drop("event_at")
    with pytest.raises(ContractError, match=r"silver\.events.*event_at"):
        aggregate_events(events)
