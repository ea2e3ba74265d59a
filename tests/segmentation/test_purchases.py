"""Days with a purchase, and customers' histories, by hand."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from plans import physical_plan
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.segmentation.purchases import (
    HISTORIES,
    aggregate_purchase_days,
    measure_purchases,
    summarize_purchases,
)

SCHEMA = "user_id string, event_type string, event_at timestamp, amount double"
# user, type, day of January 2026 and hour, amount
EVENTS = [
    ("ann", "purchase", 1, 9, 10.0),
    ("ann", "purchase", 1, 23, 5.25),  # the same day
    ("ann", "purchase", 8, 0, 7.0),
    ("ann", "purchase", 8, 1, None),
    ("ann", "purchase", 15, 0, None),  # a day of which no amount is known
    ("ann", "purchase", 22, 12, 0.0),  # for nothing
    ("ann", "purchase", 23, 12, -3.0),  # none
    ("ann", "return", 24, 12, -7.0),
    ("ann", "view", 25, 12, None),
    ("bob", "purchase", 5, 12, None),
    ("bob", "purchase", 26, 12, 20.0),
    ("cat", "purchase", 26, 12, 1.0),
    ("dan", "purchase", 30, 0, 1.0),
    ("eve", "purchase", 3, 0, float("nan")),
    ("fay", "purchase", 4, 0, 8.0),
]
UNTIL = date(2026, 1, 22)


@pytest.fixture(scope="module")
def events(spark: SparkSession) -> DataFrame:
    rows = [
        (user, kind, datetime(2026, 1, day, hour, tzinfo=UTC), amount)
        for user, kind, day, hour, amount in EVENTS
    ]
    return spark.createDataFrame(rows, SCHEMA)


@pytest.fixture(scope="module")
def days(events: DataFrame) -> DataFrame:
    return aggregate_purchase_days(events, types=["purchase"], as_of=date(2026, 1, 29)).persist()


def as_dict(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.asDict().items() if name != "user_id"}


def test_a_day_s_purchases_are_one_and_less_than_nothing_is_none(days: DataFrame) -> None:
    rows = days.where("user_id = 'ann'").orderBy("day").collect()
    spends = {row["day"].day: row["spend"] and float(row["spend"]) for row in rows}
    assert spends == {1: 15.25, 8: 7.0, 15: None, 22: 0.0}


def test_what_comes_after_the_last_day_is_left_out(days: DataFrame) -> None:
    assert days.where("user_id = 'dan'").count() == 0


def test_a_history_is_told_from_the_first_purchase_on(days: DataFrame) -> None:
    frame = summarize_purchases(days, until=UNTIL, unit_days=7)
    assert frame.columns == HISTORIES.names
    assert [field.dataType for field in frame.schema] == [field.dataType for field in HISTORIES]
    found = {row["user_id"]: as_dict(row) for row in frame.collect()}
    nothing = {"frequency": 0, "recency": 0.0, "n_spends": 0, "mean_spend": None, "n_later": 0}
    # The first purchase's 15.25 is no part of the mean, nor is the day without an amount.
    ann = {"frequency": 3, "recency": 3.0, "age": 3.0, "n_spends": 2, "mean_spend": 3.5}
    assert found == {
        "ann": {**ann, "n_later": 0},
        "bob": {**nothing, "age": 17 / 7, "n_later": 1},
        "eve": {**nothing, "age": 19 / 7},
        "fay": {**nothing, "age": 18 / 7},
    }


def test_a_customer_s_first_day_may_be_the_last_that_counts(days: DataFrame) -> None:
    frame = summarize_purchases(days, until=date(2026, 1, 26), unit_days=1)
    found = {row["user_id"]: as_dict(row) for row in frame.collect()}
    assert (found["cat"]["frequency"], found["cat"]["age"]) == (0, 0.0)
    # Bob's first purchase has no amount: his second is the mean all the same.
    assert (found["bob"]["n_spends"], found["bob"]["mean_spend"]) == (1, 20.0)


def test_what_is_left_out_is_counted(events: DataFrame) -> None:
    assert measure_purchases(events, types=["purchase"]).collect()[0].asDict() == {
        "newest_day": date(2026, 1, 30),
        "n_negative": 1,
        "n_unpriced": 4,
        "n_free": 1,
        "n_given_back": 1,
    }


def test_no_events_have_no_newest_day(events: DataFrame) -> None:
    row = measure_purchases(events.limit(0), types=["purchase"]).collect()[0]
    assert (row["newest_day"], row["n_free"]) == (None, 0)


def test_histories_need_no_shuffle_of_their_own(days: DataFrame) -> None:
    plan = physical_plan(summarize_purchases(days, until=UNTIL, unit_days=7))
    assert plan.split("InMemoryRelation")[0].count("Exchange") == 0


def test_a_column_of_another_type_is_refused(events: DataFrame) -> None:
    wrong = events.withColumn("amount", events["amount"].cast("string"))
    with pytest.raises(ContractError, match="amount as double"):
        aggregate_purchase_days(wrong, types=["purchase"], as_of=UNTIL)
