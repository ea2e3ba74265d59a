"""What came in: records by outcome, reasons of rejection, events over time."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.events import LOADS, QUARANTINE, SILVER_EVENTS

OTHER = "other"


def aggregate_loads(loads: DataFrame) -> DataFrame:
    """Records by source and outcome.

    Returns:
        One row per source, the largest first: source, n_files, n_records, n_accepted,
        n_duplicates, n_quarantined (records). n_records is the sum of the other three.

    Cost: one shuffle of one row per source and partition.
    """
    counts = ["n_records", "n_accepted", "n_duplicates", "n_quarantined"]
    require_columns(loads, LOADS, ["source", *counts])
    return (
        loads.groupBy("source")
        .agg(F.count("*").alias("n_files"), *(F.sum(name).alias(name) for name in counts))
        .orderBy(F.desc("n_records"), "source")
        .select("source", "n_files", *counts)
    )


def rank_reasons(quarantine: DataFrame, *, n: int) -> DataFrame:
    """The commonest reasons of rejection, each with one record to look at.

    A record with two reasons counts under both, so the counts may add up to more than the records.

    Returns:
        At most n rows, the commonest first, ties by name: reason, n_records, file and
        record_number of the first such record by file name.

    Cost: one shuffle of one row per reason and partition.
    """
    require_columns(quarantine, QUARANTINE, ["reasons", "file", "record_number"])
    return (
        quarantine.select(
            F.explode(F.array_distinct("reasons")).alias("reason"), "file", "record_number"
        )
        .groupBy("reason")
        .agg(
            F.count("*").alias("n_records"),
            F.min(F.struct("file", "record_number")).alias("example"),
        )
        .orderBy(F.desc("n_records"), "reason")
        .limit(n)
        .select("reason", "n_records", "example.file", "example.record_number")
    )


def aggregate_events(events: DataFrame) -> DataFrame:
    """How many events by how many users, and when.

    Returns:
        One row: n_events, n_users, first_day, last_day (UTC; null where there are no events).

    Cost: one shuffle of the distinct users.
    """
    require_columns(events, SILVER_EVENTS, ["user_id", "event_at"])
    return events.agg(
        F.count("*").alias("n_events"),
        F.count_distinct("user_id").alias("n_users"),
        F.to_date(F.min("event_at")).alias("first_day"),
        F.to_date(F.max("event_at")).alias("last_day"),
    ).select("n_events", "n_users", "first_day", "last_day")


def rank_event_types(events: DataFrame, *, n: int) -> DataFrame:
    """The n commonest event types: event_type, n_events; ties by name. Cost: one small shuffle."""
    require_columns(events, SILVER_EVENTS, ["event_type"])
    return (
        events.groupBy("event_type")
        .agg(F.count("*").alias("n_events"))
        .orderBy(F.desc("n_events"), "event_type")
        .limit(n)
        .select("event_type", "n_events")
    )


def aggregate_activity(events: DataFrame, *, unit: str, types: Sequence[str]) -> DataFrame:
    """Events per period and type.

    Args:
        events: silver.events.
        unit: day, week (from Monday), month or year: `period_unit` keeps the periods few.
        types: the event types told apart; the rest is "other".

    Returns:
        One row per period x event_type that has events: period (its first day, UTC), event_type,
        n_events; in order.

    Cost: one shuffle of one row per period, type and partition.
    """
    require_columns(events, SILVER_EVENTS, ["event_at", "event_type"])
    kind = F.when(F.col("event_type").isin(list(types)), F.col("event_type")).otherwise(OTHER)
    return (
        events.groupBy(
            F.to_date(F.date_trunc(unit, "event_at")).alias("period"), kind.alias("event_type")
        )
        .agg(F.count("*").alias("n_events"))
        .orderBy("period", "event_type")
        .select("period", "event_type", "n_events")
    )


def period_unit(first: date | None, last: date | None) -> str:
    """The finest unit that keeps the periods few enough for one chart.

    Example:
        >>> period_unit(date(2026, 1, 1), date(2026, 12, 31))
        'day'
        >>> period_unit(date(2020, 1, 1), date(2026, 12, 31))
        'month'
    """
    days = (last - first).days if first and last else 0
    limits = {"day": 400, "week": 4 * 365, "month": 30 * 365}
    return next((unit for unit, limit in limits.items() if days <= limit), "year")
