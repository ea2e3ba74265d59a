"""How a source's columns become the suite's, and when an event is believed."""

import re
from datetime import datetime
from typing import Literal
from zoneinfo import available_timezones

from pydantic import AwareDatetime, Field, field_validator

from cxspark.contracts.settings import Settings
from cxspark.functions.time import ISO, NAMED_FORMATS
from cxspark.ingest.source import Expression, RawSource

# Letters of which Spark takes no more.
_TOO_LONG = re.compile(
    r"([GMLz])\1{4}|([dhKkHms])\2{2}|([xXZ])\3{5}|D{4}|aa|S{10}|(?<!V)V(VV)?(?!V)|V{4}|"
    r"(?<!O)O{2,3}(?!O)|O{5}"
)


class Columns(Settings):
    """Where each column of silver.events comes from: a column's name, or an expression."""

    user_id: str | Expression = Field(description="who; of any type, kept as trimmed text")
    item_id: str | Expression = Field(description="on what; of any type, kept as trimmed text")
    event_at: str | Expression = Field(description="when")
    event_type: str | Expression = Field(description="what was done")
    event_id: str | Expression | None = Field(None, description="unique in the source")
    channel: str | Expression | None = Field(None, description="where")
    quantity: str | Expression | None = Field(None, description="pieces")
    amount: str | Expression | None = Field(None, description="money, of the whole line")
    item_name: str | Expression | None = Field(None, description="the item's name for people")
    rating: str | Expression | None = Field(None, description="mark, in the source's own scale")
    watched_seconds: str | Expression | None = Field(None, description="seconds watched")
    duration_seconds: str | Expression | None = Field(None, description="the item's length")

    def mapped(self) -> dict[str, str | Expression]:
        """The columns that are mapped, in order."""
        every = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in every.items() if value is not None}


class Source(RawSource):
    """A mapping: what a source's files look like and what their columns mean."""

    columns: Columns
    event_types: dict[str, str] | None = Field(
        None, description="the source's value -> the suite's; null: they are the same"
    )
    returns: tuple[str, ...] = Field(
        ("return",), description="event types whose quantity and amount may be negative"
    )
    equal_records: Literal["once", "each"] = Field(
        "once",
        description="records without event_id whose columns are all the same: one event, or each "
        "an event of its own",
    )
    timestamp_formats: tuple[str, ...] = Field(
        (ISO,),
        min_length=1,
        description="tried in order: Spark datetime patterns, iso, epoch_seconds, epoch_millis",
    )
    time_zone: str = Field("UTC", description="of times without an offset")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"unknown time zone {name}: try UTC, Europe/Berlin")
        return name

    @field_validator("timestamp_formats")
    @classmethod
    def _known_patterns(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for one in formats:
            unquoted = re.sub("'[^']*'", "", one)
            letters = set(re.findall("[A-Za-z]", unquoted))
            is_pattern = letters <= set("GyMLdDahKkHmsSVzOXxZ") and not _TOO_LONG.search(unquoted)
            if one not in NAMED_FORMATS and not is_pattern:
                raise ValueError(
                    f"{one} is no pattern that Spark reads times by: try "
                    f"{', '.join(NAMED_FORMATS)}, d/M/yyyy. A weekday is left out by an "
                    "expression: substring(`date`, 5)"
                )
        return formats

    def source_columns(self, *, optional: bool = True) -> list[str]:
        """The columns that are mapped, each once; all, or those that every event needs."""
        needed: dict[str, None] = {}
        for column, value in self.columns.mapped().items():
            if not optional and not Columns.model_fields[column].is_required():
                continue
            names = [value] if isinstance(value, str) else value.source_columns
            needed.update(dict.fromkeys(names))
        return list(needed)


class IngestEventsSettings(Settings):
    """Settings of the job ingest_events."""

    source: Source
    input: list[str] = Field(
        min_length=1, description="files, folders (with all below) and globs; local or any URI"
    )
    earliest_event_at: AwareDatetime = Field(
        datetime.fromisoformat("1990-01-01T00:00:00+00:00"),
        description="an event before it is a mistake of the clock; an instant with its offset",
    )
    future_tolerance_hours: float = Field(
        24.0, ge=0, description="hours after the run's start up to which an event is believed"
    )
    max_events_per_user_day: int = Field(
        10_000, ge=1, description="events of a user on a UTC day; with more, it is no person"
    )
    reload: bool = Field(
        False,
        exclude=True,
        description="take in again what was loaded before, in its place: the mapping has changed",
    )
