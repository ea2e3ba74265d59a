"""Reasons and outcomes that need other records: robots, repeated events, conflicting ids."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.ingest.events import CHECKED, CONTENT

ACCEPTED, DUPLICATE, QUARANTINED = "accepted", "duplicate", "quarantined"
JUDGED = [*CHECKED, "record_number", "outcome"]


def aggregate_pieces(bronze: DataFrame) -> DataFrame:
    """One row per load_id x piece: where each piece of a file begins.

    A piece is what one task read of a file; its records are without gaps in `position`.

    Returns:
        load_id, piece, first_position, n_before (records of the file in earlier pieces), n_records.

    Cost: a shuffle of one row per piece and task.
    """
    pieces = bronze.groupBy("load_id", _piece().alias("piece")).agg(
        F.min("position").alias("first_position"), F.count(F.lit(1)).alias("n_records")
    )
    earlier = (
        Window.partitionBy("load_id").orderBy("piece").rowsBetween(Window.unboundedPreceding, -1)
    )
    n_before = F.coalesce(F.sum("n_records").over(earlier), F.lit(0))
    return pieces.select(
        "load_id", "piece", "first_position", n_before.alias("n_before"), "n_records"
    )


def aggregate_days(checked: DataFrame) -> DataFrame:
    """One row per user_id x UTC day that has records with both: user_id, day, n_records.

    Cost: one shuffle.
    """
    return (
        checked.where(F.col("user_id").isNotNull() & F.col("event_at").isNotNull())
        .groupBy("user_id", F.to_date("event_at").alias("day"))
        .agg(F.count(F.lit(1)).alias("n_records"))
        .select("user_id", "day", "n_records")
    )


def span(days: DataFrame) -> DataFrame:
    """One row: first and last day, null where there is none."""
    return days.agg(F.min("day").alias("first"), F.max("day").alias("last")).select("first", "last")


def within_days(events: DataFrame, *, first: date | None, last: date | None) -> DataFrame:
    """The events whose event_at lies on the UTC days from first to last; none if these are None.

    The bounds are constants, so that Delta needn't open files of other days.
    """
    after = last and last + timedelta(days=1)
    return events.where((F.col("event_at") >= F.lit(first)) & (F.col("event_at") < F.lit(after)))


def judge(
    checked: DataFrame,
    pieces: DataFrame,
    days: DataFrame,
    known: DataFrame,
    *,
    max_events_per_user_day: int,
) -> DataFrame:
    """One row per raw record, with every reason, its number and its outcome.

    Of the valid records with one event_key the first (by file name, then place) is accepted unless
    it is known already; those that say the same are duplicates. One that says something else under
    the same event_id is quarantined. A record with a reason is never a duplicate.

    Args:
        checked: see `events.check_records`.
        pieces: see `aggregate_pieces`.
        days: see `aggregate_days`; all events of a user on a day above the limit are rejected.
        known: silver events of the same source, without this batch's loads. Only those whose
            event_at lies in the batch's days need be there: an id used again on another day is
            not noticed, and the cost follows the batch.
        max_events_per_user_day: the limit.

    Returns:
        The columns of JUDGED; ``record`` is null where the record can't be rejected any more.

    Cost: one shuffle of the batch by event_key, one of `known` where it's too large to broadcast.
    """
    if not set(CHECKED) <= set(checked.columns):
        raise ContractError(
            "checked records", ", ".join(CHECKED), ", ".join(checked.columns), "use check_records"
        )
    require_columns(known, SILVER_EVENTS, ["event_key", *CONTENT])
    robots = days.where(F.col("n_records") > max_events_per_user_day)
    valid = _with_robots(with_numbers(checked, pieces), robots)
    before = known.select("event_key", _content().alias("known_content"))
    has_id = F.col("event_id").isNotNull()
    said = valid.withColumns(
        {
            "content": F.when(has_id, _content()),
            # The raw record is only needed of what is, or may yet be, rejected.
            "record": F.when(has_id | (F.size("reasons") > 0), F.col("record")),
        }
    )
    joined = said.join(before, "event_key", "left")
    return with_outcome(joined, key="event_key", conflict="conflicting_event_id").select(*JUDGED)


def with_numbers(checked: DataFrame, pieces: DataFrame) -> DataFrame:
    """The records with ``record_number``, their place in the file from 1.

    Args:
        checked: load_id and position.
        pieces: see `aggregate_pieces`.

    Cost: no shuffle; the pieces are broadcast.
    """
    offsets = pieces.select("load_id", "piece", "first_position", "n_before")
    joined = checked.withColumn("piece", _piece()).join(F.broadcast(offsets), ["load_id", "piece"])
    number = F.col("position") - F.col("first_position") + F.col("n_before") + 1
    return joined.withColumn("record_number", number)


def _with_robots(checked: DataFrame, robots: DataFrame) -> DataFrame:
    flagged = robots.select("user_id", "day", F.lit("too_many_events").alias("robot"))
    joined = checked.withColumn("day", F.to_date("event_at")).join(
        F.broadcast(flagged), ["user_id", "day"], "left"
    )
    return joined.withColumn("reasons", _and_reason(F.col("robot")))


def with_outcome(said: DataFrame, *, key: str, conflict: str) -> DataFrame:
    """The records with ``outcome``, and the reason against those that contradict an earlier one.

    Args:
        said: the key, file, record_number, reasons; ``content``, a hash of what a record says, null
            where it can't contradict; ``known_content``, that of the record kept earlier, if any.
        key: of which one record is kept.
        conflict: the reason against a valid record that says something else.

    Cost: one shuffle by the key.
    """
    is_valid = F.size("reasons") == 0
    # The first of a key is the first valid one; rejected ones come last and don't matter.
    in_order = Window.partitionBy(key).orderBy(~is_valid, "file", "record_number")
    first_said = F.coalesce("known_content", F.first("content").over(in_order))
    is_first = F.col("known_content").isNull() & (F.row_number().over(in_order) == 1)
    ranked = said.withColumns({"is_first": is_first, "first_said": first_said})
    contradicts = is_valid & (F.col("content") != F.col("first_said"))
    against = F.when(contradicts, F.lit(conflict))
    settled = ranked.withColumn("reasons", _and_reason(against))
    outcome = (
        F.when(F.size("reasons") > 0, QUARANTINED)
        .when(F.col("is_first"), ACCEPTED)
        .otherwise(DUPLICATE)
    )
    return settled.withColumn("outcome", outcome)


def _and_reason(reason: Column) -> Column:
    return F.when(reason.isNull(), F.col("reasons")).otherwise(F.concat("reasons", F.array(reason)))


def _content() -> Column:
    """A hash of what an event says; it passes over nulls, so which they are is hashed too."""
    return F.xxhash64(*CONTENT, *[F.isnull(name) for name in CONTENT])


def _piece() -> Column:
    """The task that read a record: the upper bits of `position`."""
    return F.shiftright("position", 33)
