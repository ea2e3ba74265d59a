import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import physical_plan
from pyspark.sql import DataFrame, Row, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.matrix.user_item import aggregate_user_item, merge_cells, reference_instant

SCHEMA = "user_id string, item_id string, event_type string, event_at timestamp"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEIGHTS = {"view": 1.0, "purchase": 5.0, "return": -5.0}


def events(spark: SparkSession, *rows: tuple[str, str, str, datetime]) -> DataFrame:
    return spark.createDataFrame(rows, SCHEMA)


def cells(frame: DataFrame) -> dict[tuple[str, str], Row]:
    rows = frame.collect()
    found = {(row.user_id, row.item_id): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_events_of_a_pair_become_one_cell(spark: SparkSession) -> None:
    frame = events(
        spark,
        ("u", "a", "view", NOON),
        ("u", "a", "purchase", NOON + timedelta(hours=1)),
        ("u", "b", "view", NOON),
        ("v", "a", "view", NOON),
    )
    found = cells(aggregate_user_item(frame, weights=WEIGHTS, other_weight=1.0))
    assert {pair: (row.weight, row.n_events) for pair, row in found.items()} == {
        ("u", "a"): (6.0, 2),
        ("u", "b"): (1.0, 1),
        ("v", "a"): (1.0, 1),
    }
    span = found["u", "a"].last_at - found["u", "a"].first_at
    assert span == timedelta(hours=1)


def test_a_type_not_listed_has_the_other_weight(spark: SparkSession) -> None:
    frame = events(spark, ("u", "a", "wishlist", NOON))
    found = cells(aggregate_user_item(frame, weights=WEIGHTS, other_weight=0.25))
    assert found["u", "a"].weight == 0.25


def test_a_cell_whose_weight_falls_to_zero_is_kept(spark: SparkSession) -> None:
    frame = events(spark, ("u", "a", "purchase", NOON), ("u", "a", "return", NOON))
    found = cells(aggregate_user_item(frame, weights=WEIGHTS, other_weight=1.0))
    assert (found["u", "a"].weight, found["u", "a"].n_events) == (0.0, 2)


def test_no_events_give_no_cells(spark: SparkSession) -> None:
    assert cells(aggregate_user_item(events(spark), weights=WEIGHTS, other_weight=1.0)) == {}


def test_an_event_one_half_life_older_counts_half(spark: SparkSession) -> None:
    frame = events(spark, ("u", "a", "view", NOON), ("u", "b", "view", NOON - timedelta(days=14)))
    found = cells(
        aggregate_user_item(
            frame, weights=WEIGHTS, other_weight=1.0, half_life_days=14.0, reference_at=NOON
        )
    )
    assert (found["u", "a"].weight, found["u", "b"].weight) == (1.0, 0.5)


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    frame = events(spark).drop("event_type")
    with pytest.raises(ContractError, match=r"silver\.events.*event_type string"):
        aggregate_user_item(frame, weights=WEIGHTS, other_weight=1.0)


def test_sums_of_tenths_are_the_same_in_any_order(spark: SparkSession) -> None:
    rows = [("u", "a", "view", NOON)] * 3
    found = cells(aggregate_user_item(events(spark, *rows), weights={"view": 0.1}, other_weight=1))
    assert found["u", "a"].weight == 0.3


def test_merged_cells_are_those_that_the_new_events_touch(spark: SparkSession) -> None:
    before = events(spark, ("u", "a", "view", NOON), ("u", "b", "view", NOON))
    new = events(spark, ("u", "a", "purchase", NOON + timedelta(1)), ("v", "c", "view", NOON))
    known, more = (
        aggregate_user_item(frame, weights=WEIGHTS, other_weight=1.0) for frame in (before, new)
    )
    found = cells(merge_cells(more, known))
    assert {pair: (row.weight, row.n_events) for pair, row in found.items()} == {
        ("u", "a"): (6.0, 2),
        ("v", "c"): (1.0, 1),
    }
    assert found["u", "a"].last_at - found["u", "a"].first_at == timedelta(1)


def test_the_plan_shuffles_the_events_once(spark: SparkSession) -> None:
    one = events(spark, ("u", "a", "view", NOON))
    frame = aggregate_user_item(one, weights=WEIGHTS, other_weight=1.0)
    plan = physical_plan(frame)
    assert plan.count("Exchange") == 1


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
    st.floats(min_value=0.5, max_value=400),
)
def test_the_reference_is_at_most_eight_half_lives_before_the_newest_event(
    newest: datetime, half_life_days: float
) -> None:
    newest = newest.replace(tzinfo=UTC)
    reference = reference_instant(newest, half_life_days=half_life_days)
    assert timedelta(0) <= newest - reference <= timedelta(days=8 * half_life_days)
    again = reference_instant(reference, half_life_days=half_life_days)
    assert math.isclose(again.timestamp(), reference.timestamp())
