"""Features of interactions against a plain loop over the events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interaction_events import DAY, NOON, WEIGHTS, Event, cells
from pyspark.sql import SparkSession

EVENTS = st.builds(
    Event,
    user=st.sampled_from("uv"),
    item=st.sampled_from("ab"),
    kind=st.sampled_from([*WEIGHTS, "wishlist"]),
    at=st.integers(-40, 3).map(lambda hours: NOON + timedelta(hours=hours)),
    rating=st.sampled_from([None, None, 1.0, 2.5, 5.0]),
    watched=st.sampled_from([None, 0.0, 7.7, 120.0]),
    duration=st.sampled_from([None, 0.0, 60.0, 99.9]),
)


def by_hand(events: Sequence[Event], half_life_days: float, cap: float) -> dict[Any, list[Any]]:
    """The definition, told once more: features by user and item."""
    keyed = [(event.at, f"k{place:03}", event) for place, event in enumerate(events)]
    past = [event for event in sorted(keyed, key=lambda one: one[:2]) if event[0] <= NOON]
    found: dict[Any, list[Any]] = {}
    for key in {(event.user, event.item) for _, _, event in past}:
        own = [event for _, _, event in past if (event.user, event.item) == key]
        watches = [one for one in own if one.watched is not None and one.duration]
        marks = [one.rating for one in own if one.rating is not None]
        weight = sum(
            (
                4 * min(one.watched / one.duration, 1)
                if one in watches and one.watched is not None and one.duration
                else WEIGHTS.get(one.kind, 0.5)
            )
            * 0.5 ** ((NOON - one.at) / DAY / half_life_days)
            for one in own
        )
        watched = sum(one.watched or 0 for one in watches)
        share = min(watched / sum(one.duration or 0 for one in watches), 1) if watches else None
        change = marks[-1] - marks[0] if marks else None
        days = (NOON - own[-1].at) / DAY
        found[key] = [len(own), len(watches), share, change, days, weight]
    for user in "uv":
        mine = [row for (owner, _), row in found.items() if owner == user]
        total = sum(max(row[-1], 0) for row in mine)
        for row in mine:
            row.append(row[-1] * min(1, cap / total if total else 1))
    return found


@settings(max_examples=8)
@given(events=st.lists(EVENTS, max_size=25), shuffled=st.randoms(use_true_random=False))
def test_rows_are_those_of_a_plain_loop_in_any_order(
    spark: SparkSession, events: list[Event], shuffled: Any
) -> None:
    keyed = [replace(one, key=f"k{place:03}") for place, one in enumerate(events)]
    # The same once more for users of other names, in another order, in the same frame.
    mixed = [replace(one, user=f"{one.user}2") for one in shuffled.sample(keyed, len(keyed))]
    found = cells(spark, *mixed, *keyed, half_life_days=1.5, max_user_weight=9.0)
    in_order = {key: row for key, row in found.items() if key[0] in "uv"}
    assert [row[1:] for row in in_order.values()] == [
        found[f"{user}2", item][1:] for user, item in in_order
    ]
    assert len(found) == 2 * len(in_order)
    wanted = by_hand(events, 1.5, 9.0)
    assert set(in_order) == set(wanted)
    for key, row in in_order.items():
        told = [row.n_events, row.n_watches, row.watched_share, row.rating_change]
        told += [row.recency_days, row.decayed_weight, row.weight]
        assert told == pytest.approx(wanted[key], abs=1e-6)
    for user in "uv":
        mine = [row.weight for (owner, _), row in in_order.items() if owner == user]
        assert sum(weight for weight in mine if weight > 0) <= 9.0 + 1e-12
