"""Engineered features of what a user did with an item: counts, share watched, marks, weights."""

from collections.abc import Collection, Mapping
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.matrix.weights import PRECISION, as_billionths, from_billionths, weight_by_type

# A length below the one or above the other (116 days) is none that an item has: a mistake, or a
# stand-in for one that isn't known. Sums of whole microseconds stay exact for 900,000 such events.
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1e-6, 1e7
_MICROS = 1e6


def build_interactions(
    events: DataFrame,
    *,
    weights: Mapping[str, float],
    other_weight: float,
    watch_weight: float,
    half_life_days: float | None,
    max_user_weight: float | None,
    reference_at: datetime,
    views: Collection[str] = ("view",),
    carts: Collection[str] = ("cart",),
    purchases: Collection[str] = ("purchase",),
    returns: Collection[str] = ("return",),
) -> DataFrame:
    """Features of each user and item as of an instant: one row per user_id x item_id.

    Events later than the instant are left out, so that features as of a day know nothing of what
    came after it, and recency is never negative.

    - n_events, and of these n_views, n_carts, n_purchases and n_returns by the types given. An
      event of another type counts in n_events alone.
    - n_watches: events, of whatever type, with ``watched_seconds`` and a ``duration_seconds`` that
      is known: both there, the one in 0..1e7, the other in 1e-6..1e7. Any others are no watch.
    - watched_share: seconds watched / seconds of length, each summed over the watches, at most 1
      (who watches twice hasn't seen more of it).
    - rating_first, rating_last: the marks of the earliest and latest event that has one, of those
      at one instant by event_key, then source. rating_change: last - first, 0 where it is one mark.
    - recency_days: from last_at to the instant. first_at, last_at: of all her events with the item.
    - decayed_weight: the sum over events of ``w * 2^-(age / half_life)``, each rounded to
      billionths. A watch weighs ``watch_weight`` times its own share (at most 1), any other event
      what its type does. It may be zero or negative (returns).
    - weight: the same, unless the positive ones of a user add up to more than ``max_user_weight``.
      Then ``is_capped``, and all of hers, also the negative ones, are scaled down by one factor to
      that sum (each cut to billionths, so that they never exceed it): what she prefers to what
      stays as it is, and however much a robot does, it counts as one eager customer.

    Nulls: watched_share without a watch, rating_* without a mark; nothing else is ever null.

    Args:
        events: silver.events.
        weights: weight by event type.
        other_weight: of the types not listed.
        watch_weight: of watching the whole item.
        half_life_days: days after which an event counts half; None for no decay.
        max_user_weight: the most that a user's positive weights may add up to; None for no cap.
        reference_at: the instant.
        views: types counted in n_views.
        carts: types counted in n_carts.
        purchases: types counted in n_purchases.
        returns: types counted in n_returns.

    Raises:
        ContractError: a column is missing or of another type.

    Cost: one shuffle, of the events by user. It serves the aggregation by user and item (without a
    partial one before it, as most cells hold one or two events) and the sum of each user's weights,
    which needs her cells in one place, already sorted. Sums are of whole numbers, and ties are
    settled: the same events give the same rows, in whatever order they come.
    """
    watched = _share("watched_seconds", "duration_seconds") * F.lit(float(watch_weight))
    weighed = _weigh(
        events,
        F.when(_is_watch(), watched).otherwise(weight_by_type(weights, other_weight=other_weight)),
        half_life_days=half_life_days,
        reference_at=reference_at,
    )
    counted = {"n_views": views, "n_carts": carts, "n_purchases": purchases, "n_returns": returns}
    return (
        _aggregate(weighed.repartition("user_id"), counted)
        .withColumns(
            {
                "watched_share": _share("watched_micros", "duration_micros"),
                "rating_change": F.col("rating_last") - F.col("rating_first"),
                "recency_days": _days_before(reference_at),
                **_capped(max_user_weight),
            }
        )
        .withColumn("decayed_weight", from_billionths(F.col("billionths")))
        .withColumn("weight", from_billionths(F.col("kept")))
        .select(*INTERACTIONS.columns)
    )


def _weigh(
    events: DataFrame, weight: Column, *, half_life_days: float | None, reference_at: datetime
) -> DataFrame:
    """One row per event until the instant: what the features of its cell are made of."""
    needed = [
        *("source", "event_key", "user_id", "item_id", "event_type", "event_at"),
        *("rating", "watched_seconds", "duration_seconds"),
    ]
    # Most events have no mark, and needn't carry what settles ties among marks.
    marked = F.when(F.col("rating").isNotNull(), F.struct("event_at", "event_key", "source"))
    decayed = as_billionths(weight, half_life_days=half_life_days, reference_at=reference_at)
    return (
        require_columns(events, SILVER_EVENTS, needed)
        .where(F.col("event_at") <= F.lit(reference_at))
        .select(
            *("user_id", "item_id", "event_type", "event_at", "rating"),
            F.when(_is_watch(), _as_micros("watched_seconds")).alias("watched_micros"),
            F.when(_is_watch(), _as_micros("duration_seconds")).alias("duration_micros"),
            marked.alias("marked"),
            decayed.alias("billionths"),
        )
    )


def _is_watch() -> Column:
    """Whether it is known how much of the item was watched; NaN lies between no two numbers."""
    watched, duration = F.col("watched_seconds"), F.col("duration_seconds")
    is_watch = watched.between(F.lit(0.0), F.lit(_LONGEST_SECONDS)) & duration.between(
        F.lit(_SHORTEST_SECONDS), F.lit(_LONGEST_SECONDS)
    )
    return F.coalesce(is_watch, F.lit(False))


def _share(watched: str, duration: str) -> Column:
    """At most 1; null where there is no duration."""
    share = F.try_divide(watched, duration)
    return F.when(share > 1, F.lit(1.0)).otherwise(share)


def _as_micros(seconds: str) -> Column:
    return F.rint(F.col(seconds) * F.lit(_MICROS)).cast("bigint")


def _days_before(instant: datetime) -> Column:
    micros = F.unix_micros(F.lit(instant)) - F.unix_micros("last_at")
    return micros / F.lit(86_400 * _MICROS)


def _aggregate(weighed: DataFrame, counted: Mapping[str, Collection[str]]) -> DataFrame:
    """One row per user_id x item_id: sums, counts by type, first and last."""
    return weighed.groupBy("user_id", "item_id").agg(
        F.count(F.lit(1)).alias("n_events"),
        *[
            F.count_if(F.col("event_type").isin(*types)).alias(name)
            for name, types in counted.items()
        ],
        F.count("duration_micros").alias("n_watches"),
        F.sum("watched_micros").alias("watched_micros"),
        F.sum("duration_micros").alias("duration_micros"),
        F.min_by("rating", "marked").alias("rating_first"),
        F.max_by("rating", "marked").alias("rating_last"),
        F.min("event_at").alias("first_at"),
        F.max("event_at").alias("last_at"),
        F.sum("billionths").alias("billionths"),
    )


def _capped(max_user_weight: float | None) -> dict[str, Column]:
    """``kept``, the billionths that count, and whether they are fewer than there were."""
    own = F.col("billionths")
    if max_user_weight is None:
        return {"kept": own, "is_capped": F.lit(False)}
    most = F.lit(float(round(max_user_weight * 10**PRECISION)))
    total = F.sum(F.greatest(own, F.lit(0))).over(Window.partitionBy("user_id"))
    is_capped = total > most
    # A cast cuts towards zero.
    scaled = (own * most / total).cast("bigint")
    return {"kept": F.when(is_capped, scaled).otherwise(own), "is_capped": is_capped}
