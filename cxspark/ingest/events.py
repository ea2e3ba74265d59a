"""Raw records as typed events, each with every reason against it."""

from collections.abc import Mapping
from datetime import datetime

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ConfigError
from cxspark.contracts.events import BRONZE_EVENTS
from cxspark.functions.numeric import number
from cxspark.functions.text import is_garbled, trimmed
from cxspark.functions.time import instant
from cxspark.ingest.settings import Columns, IngestEventsSettings, Source
from cxspark.ingest.source import Expression

_NUMBERS = ("quantity", "amount", "rating", "watched_seconds", "duration_seconds")
# Less than nothing is moved where something is brought back; nothing else is ever negative.
_NEGATIVE_IN_RETURNS = ("quantity", "amount")
# What an event says, beside its id: two records under one id must agree on it.
CONTENT = [
    *("user_id", "item_id", "event_type", "event_at"),
    *("channel", "quantity", "amount", "item_name"),
    *("rating", "watched_seconds", "duration_seconds"),
]
CHECKED = [*BRONZE_EVENTS.columns, "event_key", "event_id", *CONTENT, "reasons"]


def check_records(bronze: DataFrame, *, settings: IngestEventsSettings, now: datetime) -> DataFrame:
    """One row per raw record, in the columns of CHECKED.

    Args:
        bronze: rows of bronze.events.
        settings: the mapping, and when an event is believed.
        now: the run's start; an event may be later by the tolerance.

    Returns:
        What could be read, null where it couldn't, and `reasons`, empty where the record is valid.
        ``event_key`` is the event's id, else the MD5 of the record with its columns in order of
        name, and of its place where equal records are events of their own. Reasons that need other
        records are found later: see `duplicates`.

    Raises:
        ConfigError: an expression of the mapping isn't SQL over the source's columns.

    Cost: no shuffle.
    """
    require_columns(bronze, BRONZE_EVENTS)
    mapping = {name: getattr(settings.source.columns, name) for name in Columns.model_fields}
    mapped = mapped_text(bronze, mapping, subject=f"source {settings.source.name}, columns")
    typed = _typed(mapped, settings.source)
    raw = F.coalesce(F.to_json("record"), "malformed")
    if settings.source.equal_records == "each":
        raw = F.concat_ws(" ", raw, "load_id", "position")
    return typed.withColumns(
        {
            "reasons": named_reasons(_rules(settings, now)),
            "event_key": F.coalesce("event_id", F.md5(raw.cast("binary"))),
        }
    ).select(*CHECKED)


def mapped_text(
    bronze: DataFrame, mapping: Mapping[str, str | Expression | None], *, subject: str
) -> DataFrame:
    """Bronze with ``<name>_text`` for each name of the mapping, trimmed; null if not mapped.

    Args:
        bronze: raw records, a map of text each.
        mapping: where each comes from.
        subject: what an error is about.

    Raises:
        ConfigError: an expression isn't SQL over the source's columns.
    """
    texts: dict[str, Column] = {f"{name}_text": F.lit(None).cast("string") for name in mapping}
    for name, value in mapping.items():
        if value is None:
            continue
        try:
            text = _value(value)
            # Asking for its type has Spark check the names in it.
            bronze.select(text.alias(name)).schema  # noqa: B018
        except AnalysisException as error:
            raise ConfigError(
                f"{subject}.{name}",
                "SQL over the source's columns in backticks",
                str(error).splitlines()[0],
                "correct `expr`",
            ) from error
        texts[f"{name}_text"] = trimmed(text.cast("string"))
    return bronze.select("*", *[text.alias(name) for name, text in texts.items()])


def _value(value: str | Expression) -> Column:
    if isinstance(value, Expression):
        return F.expr(value.over("record"))
    return F.try_element_at("record", F.lit(value))


def _typed(mapped: DataFrame, source: Source) -> DataFrame:
    formats, zone = source.timestamp_formats, source.time_zone
    kept = ("user_id", "item_id", "event_id", "channel", "item_name")
    return mapped.withColumns(
        {
            **{name: F.col(f"{name}_text") for name in kept},
            "event_at": instant(F.col("event_at_text"), formats=formats, time_zone=zone),
            "event_type": _event_type(F.col("event_type_text"), source.event_types),
            **{name: number(F.col(f"{name}_text")) for name in _NUMBERS},
        }
    )


def _event_type(text: Column, event_types: Mapping[str, str] | None) -> Column:
    if event_types is None:
        return text
    pairs = [F.lit(part) for pair in event_types.items() for part in pair]
    return F.try_element_at(F.create_map(*pairs), text)


def named_reasons(rules: Mapping[str, Column]) -> Column:
    """The names of the rules that hold; one that is null doesn't. By text, which Spark compiles."""
    joined = F.concat_ws(",", *[F.when(rule, F.lit(name)) for name, rule in rules.items()])
    return F.when(joined == "", F.array().cast("array<string>")).otherwise(F.split(joined, ","))


def _rules(settings: IngestEventsSettings, now: datetime) -> dict[str, Column]:
    """Reason -> whether it holds for a record; a null condition doesn't hold."""
    latest = F.lit(now) + F.make_dt_interval(secs=F.lit(settings.future_tolerance_hours * 3600))
    is_read = F.col("record").isNotNull()
    is_return = F.coalesce(F.col("event_type").isin(*settings.source.returns), F.lit(False))
    values = F.array_join(F.map_values("record"), " ")

    def missing(name: str) -> Column:
        return is_read & F.col(f"{name}_text").isNull()

    def unparsable(name: str) -> Column:
        return F.col(f"{name}_text").isNotNull() & F.col(name).isNull()

    def negative(name: str) -> Column:
        below = F.col(name) < 0
        return below & ~is_return if name in _NEGATIVE_IN_RETURNS else below

    return {
        "malformed_record": ~is_read,
        "bad_encoding": is_garbled(F.coalesce(values, "malformed")),
        "missing_user_id": missing("user_id"),
        "missing_item_id": missing("item_id"),
        "missing_event_at": missing("event_at"),
        "unparsable_event_at": unparsable("event_at"),
        "future_event_at": F.col("event_at") > latest,
        "too_old_event_at": F.col("event_at") < F.lit(settings.earliest_event_at),
        "missing_event_type": missing("event_type"),
        "unknown_event_type": unparsable("event_type"),
        **{
            f"{what}_{name}": broken(name)
            for name in _NUMBERS
            for what, broken in (("unparsable", unparsable), ("negative", negative))
        },
    }
