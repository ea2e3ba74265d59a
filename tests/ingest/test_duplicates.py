"""Judging against a plain loop over the records, and the rules one by one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from cxspark.contracts.checks import conform
from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import BRONZE_EVENTS, LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.ingest.duplicates import (
    ACCEPTED,
    DUPLICATE,
    JUDGED,
    QUARANTINED,
    aggregate_days,
    aggregate_pieces,
    judge,
    span,
    within_days,
)
from cxspark.ingest.events import CHECKED, CONTENT
from cxspark.ingest.outcome import aggregate_funnel, to_loads, to_quarantine, to_silver

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT = 3
PIECE = 1 << 33
TYPES = {
    field.name: field.dataType
    for table in (SILVER_EVENTS, QUARANTINE, BRONZE_EVENTS)
    for field in table.schema.fields
} | {"event_id": StringType()}
SCHEMA = StructType([StructField(name, TYPES[name]) for name in CHECKED])


@dataclass(frozen=True)
class Event:
    """A checked record in short."""

    key: str = "k"
    amount: float | None = 1.0
    user: str = "u"
    day: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def has_id(self) -> bool:
        return not self.key.startswith("hash")

    def row(self, file: str, position: int) -> tuple[object, ...]:
        at = NOW + timedelta(days=self.day)
        event_id = self.key if self.has_id else None
        said = (self.user, "i", "view", at, None, None, self.amount, *(None,) * 4)
        raw = ("s", file, file, position, {"n": self.key}, None, NOW)
        return (*raw, self.key, event_id, *said, list(self.reasons))


def checked(spark: SparkSession, files: list[list[Event]]) -> DataFrame:
    rows = [
        event.row(f"f{number:02}", number * PIECE + place)
        for number, events in enumerate(files)
        for place, event in enumerate(events)
    ]
    return spark.createDataFrame(rows, SCHEMA)


def known(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    rows = [("s", e.key, *e.row("f", 0)[-1 - len(CONTENT) : -1], "old", 1) for e in events]
    return spark.createDataFrame(rows, SILVER_EVENTS.schema)


def judged(frame: DataFrame, before: Sequence[Event] = ()) -> DataFrame:
    pieces, days = aggregate_pieces(frame), aggregate_days(frame)
    events = known(frame.sparkSession, before)
    found = judge(frame, pieces, days, events, max_events_per_user_day=LIMIT)
    assert found.columns == JUDGED
    return found.orderBy("file", "record_number")


def by_hand(files: list[list[Event]], before: tuple[Event, ...]) -> list[tuple[str, list[str]]]:
    every = [event for events in files for event in events]
    per_day = Counter((event.user, event.day) for event in every)
    said = {event.key: event for event in before}
    found = []
    for event in every:
        robot = ["too_many_events"] if per_day[event.user, event.day] > LIMIT else []
        reasons = [*event.reasons, *robot]
        first = said.get(event.key)
        if reasons:
            found.append((QUARANTINED, reasons))
        elif first is None:
            said[event.key] = event
            found.append((ACCEPTED, []))
        elif event.has_id and (event.amount, event.user, event.day) != (
            first.amount,
            first.user,
            first.day,
        ):
            found.append((QUARANTINED, ["conflicting_event_id"]))
        else:
            found.append((DUPLICATE, []))
    return found


EVENTS = st.builds(
    Event,
    key=st.sampled_from(["id-a", "id-b", "hash-c"]),
    amount=st.sampled_from([1.0, 2.0, None]),
    user=st.sampled_from("uv"),
    day=st.integers(0, 1),
    reasons=st.sampled_from([(), (), (), ("missing_item_id",)]),
)


WORLDS = st.tuples(
    st.lists(st.lists(EVENTS, max_size=6), min_size=1, max_size=3),
    st.lists(EVENTS, max_size=2, unique_by=lambda event: event.key),
)


@settings(max_examples=2)
@given(st.lists(WORLDS, min_size=15, max_size=15))
def test_outcomes_are_those_of_a_plain_loop(
    spark: SparkSession, worlds: list[tuple[list[list[Event]], list[Event]]]
) -> None:
    # Many worlds in one frame, with users and keys of their own, for the price of one.
    def own(world: int, event: Event) -> Event:
        return replace(event, key=f"{event.key}-{world}", user=f"{event.user}-{world}")

    files = [
        [own(world, event) for event in events]
        for world, (files, _) in enumerate(worlds)
        for events in files
    ]
    before = tuple(own(world, event) for world, (_, known) in enumerate(worlds) for event in known)
    found = [
        (row["outcome"], row["reasons"]) for row in judged(checked(spark, files), before).collect()
    ]
    assert found == by_hand(files, before)


def test_the_first_by_file_and_place_is_accepted_whatever_task_read_it(
    spark: SparkSession,
) -> None:
    rows = [Event().row("f2", 0), Event().row("f1", PIECE + 1), Event().row("f1", PIECE)]
    frame = spark.createDataFrame(rows, SCHEMA)
    found = judged(frame)
    accepted = found.where("outcome = 'accepted'").collect()
    assert [(row["file"], row["record_number"]) for row in accepted] == [("f1", 1)]


def test_records_are_numbered_through_the_pieces_of_a_file(spark: SparkSession) -> None:
    places = {"f1": [5, 6, 7, PIECE, PIECE + 1, 3 * PIECE + 2], "f2": [8, PIECE + 2]}
    rows = [
        Event(key=f"{file}{place}", user=str(place)).row(file, place)
        for file, found in places.items()
        for place in reversed(found)
    ]
    frame = spark.createDataFrame(rows, SCHEMA)
    numbered = judged(frame)
    found = {(row["file"], row["position"]): row["record_number"] for row in numbered.collect()}
    assert found == {
        (file, place): number
        for file, positions in places.items()
        for number, place in enumerate(positions, start=1)
    }


def test_null_in_another_column_is_another_content(spark: SparkSession) -> None:
    one = list(Event(amount=5.0).row("f", 0))
    other = list(Event(amount=None).row("f", 1))
    other[CHECKED.index("quantity")] = 5.0
    frame = spark.createDataFrame([tuple(one), tuple(other)], SCHEMA)
    assert [row["reasons"] for row in judged(frame).collect()] == [
        [],
        ["conflicting_event_id"],
    ]


def test_days_and_their_span(spark: SparkSession) -> None:
    days = aggregate_days(checked(spark, [[Event(), Event(), Event(day=1), Event(user="v")]]))
    assert {(row["user_id"], row["day"].day): row["n_records"] for row in days.collect()} == {
        ("u", 1): 2,
        ("u", 2): 1,
        ("v", 1): 1,
    }
    assert tuple(span(days).collect()[0]) == (date(2026, 3, 1), date(2026, 3, 2))
    assert tuple(span(days.limit(0)).collect()[0]) == (None, None)


def test_only_events_of_the_days_are_compared(spark: SparkSession) -> None:
    events = known(spark, [Event(key=str(day), day=day) for day in (-1, 0, 1, 2)])
    inside = within_days(events, first=date(2026, 3, 1), last=date(2026, 3, 2))
    assert sorted(row["event_key"] for row in inside.collect()) == ["0", "1"]
    assert within_days(events, first=None, last=None).count() == 0


@pytest.mark.parametrize("lost", ["event_key", "amount"])
def test_a_frame_without_its_columns_is_refused(spark: SparkSession, lost: str) -> None:
    frame, before = checked(spark, [[Event()]]), known(spark, [])
    pieces, days = aggregate_pieces(frame), aggregate_days(frame)
    for one, other in ((frame.drop(lost), before), (frame, before.drop(lost))):
        with pytest.raises(ContractError, match=lost):
            judge(one, pieces, days, other, max_events_per_user_day=1)


def test_outcomes_become_the_rows_of_their_tables(spark: SparkSession) -> None:
    bad = Event(key="b", user="v", reasons=("missing_item_id", "bad_encoding"))
    frame = checked(spark, [[Event(), bad], [Event()]])
    found, pieces = judged(frame), aggregate_pieces(frame)
    loads = spark.createDataFrame(
        [(name, name, 9, NOW, n) for name, n in (("f00", 2), ("f01", None), ("f02", None))],
        "load_id string, file string, n_bytes bigint, modified_at timestamp, n_records bigint",
    )
    silver = conform(to_silver(found), SILVER_EVENTS).collect()
    assert [(row["load_id"], row["record_number"]) for row in silver] == [("f00", 1)]
    rejected = conform(to_quarantine(found, origin=BRONZE_EVENTS), QUARANTINE).collect()
    assert [(row["record_number"], row["reasons"], row["record"]) for row in rejected] == [
        (2, ["missing_item_id", "bad_encoding"], {"n": "b"})
    ]
    ledger = to_loads(found, pieces, loads, source="s", run_id="r", loaded_at=NOW)
    counts = ("n_records", "n_accepted", "n_duplicates", "n_quarantined")
    rows = conform(ledger, LOADS).orderBy("load_id").collect()
    assert [[row[name] for name in counts] for row in rows] == [
        [2, 1, 0, 1],
        [1, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    sentence = "3 records = 1 accepted + 1 duplicates + 1 quarantined"
    assert aggregate_funnel(ledger).collect()[0]["funnel"] == sentence
