"""Features of interactions by hand, one by one."""

from datetime import timedelta

import pytest
from interaction_events import DAY, NOON, Event, built, cells, frame
from plans import physical_plan
from pyspark.sql import SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.matrix.settings import BuildInteractionsSettings


def test_events_are_counted_by_type_and_others_in_all_alone(spark: SparkSession) -> None:
    kinds = ["view", "view", "cart", "purchase", "purchase", "purchase", "return", "wishlist"]
    events = [Event(kind=kind, at=NOON - n * DAY) for n, kind in enumerate(kinds)]
    row = cells(spark, *events, Event(user="v"))["u", "a"]
    assert (row.n_events, row.n_views, row.n_carts) == (8, 2, 1)
    assert (row.n_purchases, row.n_returns, row.n_watches) == (3, 1, 0)
    assert (row.decayed_weight, row.weight, row.is_capped) == (15.5, 15.5, False)
    assert (row.watched_share, row.rating_first, row.rating_change) == (None, None, None)
    assert (row.last_at - row.first_at, row.recency_days) == (7 * DAY, 0.0)


def test_types_are_counted_as_they_are_called(spark: SparkSession) -> None:
    events = [Event(kind="look"), Event(kind="stream"), Event(kind="view")]
    row = cells(spark, *events, views=("look", "stream"), returns=())["u", "a"]
    assert (row.n_events, row.n_views, row.n_returns) == (3, 2, 0)


def test_the_share_watched_is_of_all_watches_at_most_one_and_weighs(spark: SparkSession) -> None:
    found = cells(
        spark,
        Event(kind="watch", watched=30, duration=120),
        Event(watched=60, duration=120),
        Event(kind="purchase"),
        Event(item="twice", watched=250.0, duration=100.0),
        Event(item="none of it", kind="watch", watched=0.0, duration=100.0),
    )
    row = found["u", "a"]
    # Two watches, each by its own share, and a purchase.
    assert (row.watched_share, row.n_watches, row.n_views) == (0.375, 2, 1)
    assert row.decayed_weight == 4 * 0.25 + 4 * 0.5 + 5
    assert (found["u", "twice"].watched_share, found["u", "twice"].weight) == (1.0, 4.0)
    row = found["u", "none of it"]
    assert (row.watched_share, row.n_watches, row.weight) == (0.0, 1, 0.0)


def test_without_a_known_share_it_is_no_watch_and_weighs_as_its_type(spark: SparkSession) -> None:
    unknown = [
        *((None, 120.0), (30.0, None), (30.0, 0.0), (0.0, 0.0), (30.0, 1e300)),
        *((1e300, 120.0), (-1.0, 120.0), (float("nan"), 120.0), (30.0, float("inf"))),
    ]
    events = [
        Event(item=str(case), kind="cart", watched=watched, duration=duration)
        for case, (watched, duration) in enumerate(unknown)
    ]
    found = cells(spark, *events)
    assert len(found) == len(unknown)
    for row in found.values():
        assert (row.watched_share, row.n_watches, row.weight) == (None, 0, 3.0)


def test_a_marks_change_is_of_the_last_against_the_first(spark: SparkSession) -> None:
    found = cells(
        spark,
        Event(at=NOON, rating=2),
        Event(at=NOON - DAY, rating=3),
        Event(at=NOON - 2 * DAY, rating=4.5),
        Event(at=NOON - 3 * DAY),
        Event(item="one", rating=0.0),
        # At one instant the event's key decides, and where that is the same, the source's name.
        Event(item="tie", rating=1.0, key="y"),
        Event(item="tie", rating=5.0, key="x"),
        Event(item="key", rating=1.0, key="x", source="a"),
        Event(item="key", rating=2.0, key="x", source="b"),
    )
    marks = {
        item: (row.rating_first, row.rating_last, row.rating_change)
        for (_, item), row in found.items()
    }
    assert marks == {
        "a": (4.5, 2.0, -2.5),
        "one": (0.0, 0.0, 0.0),
        "tie": (5.0, 1.0, -4.0),
        "key": (1.0, 2.0, 1.0),
    }


def test_what_is_one_half_life_old_counts_half_and_what_comes_later_not_at_all(
    spark: SparkSession,
) -> None:
    found = cells(
        spark,
        Event(at=NOON - 14 * DAY, kind="purchase"),
        Event(at=NOON - 14 * DAY, watched=1, duration=4),
        Event(at=NOON, kind="cart"),
        Event(at=NOON + timedelta(microseconds=1), kind="return"),
        Event(item="b", at=NOON - 3.5 * DAY),
        Event(item="later", at=NOON + DAY),
        half_life_days=14.0,
    )
    assert {item for _, item in found} == {"a", "b"}
    row = found["u", "a"]
    assert (row.decayed_weight, row.n_events, row.n_returns) == (2.5 + 0.5 + 3.0, 3, 0)
    assert row.recency_days == 0.0
    assert found["u", "b"].recency_days == 3.5
    assert found["u", "b"].decayed_weight == pytest.approx(2**-0.25, abs=1e-9)


def test_a_robots_weights_are_scaled_to_the_cap_and_others_are_left(spark: SparkSession) -> None:
    robot = [Event("robot", "a", "purchase")] * 6 + [Event("robot", "b", "purchase")] * 2
    robot += [Event("robot", "c", "return")] * 4
    person = [Event("person", "a", "purchase")] * 2 + [Event("person", "c", "return")]
    found = cells(spark, *robot, *person, max_user_weight=10.0)
    weights = {key: (row.decayed_weight, row.weight) for key, row in found.items()}
    assert weights == {
        ("robot", "a"): (30.0, 7.5),
        ("robot", "b"): (10.0, 2.5),
        ("robot", "c"): (-20.0, -5.0),
        ("person", "a"): (10.0, 10.0),
        ("person", "c"): (-5.0, -5.0),
    }
    assert {user for (user, _), row in found.items() if row.is_capped} == {"robot"}


def test_no_events_give_no_rows(spark: SparkSession) -> None:
    assert cells(spark, max_user_weight=1.0) == {}


@pytest.mark.parametrize("lost", ["event_key", "rating", "duration_seconds"])
def test_a_missing_column_is_named(spark: SparkSession, lost: str) -> None:
    with pytest.raises(ContractError, match=rf"silver\.events.*{lost}"):
        built(frame(spark, []).drop(lost))


def test_a_type_counted_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="view is counted twice"):
        BuildInteractionsSettings(carts=("view",))


def test_the_plan_shuffles_the_events_once(spark: SparkSession) -> None:
    found = built(frame(spark, [Event()]), max_user_weight=10.0)
    plan = physical_plan(found)
    assert plan.count("Exchange") == 1
    # Sorted once for the aggregation, the rows are in order for each user's sum too.
    assert plan.count("Sort [") == 1
