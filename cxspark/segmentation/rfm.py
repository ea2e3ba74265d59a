"""Spending habits of customers from their events: recency, frequency, monetary value, and more."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.features import CUSTOMER_FEATURES

SOURCE = "events"
_DAY_SECONDS = 86_400
_NEEDED = ["source", "user_id", "item_id", "event_type", "event_at", "amount"]


def select_trades(
    events: DataFrame,
    *,
    purchases: Sequence[str],
    returns: Sequence[str],
    source: str | None = None,
) -> DataFrame:
    """Purchases and returns: user_id, item_id, event_at, is_return, amount (never negative).

    Args:
        events: ``SILVER_EVENTS``.
        purchases: the event types that are purchases.
        returns: those that are returns; whether their amounts are negative doesn't matter.
        source: whose; None: of all.
    """
    require_columns(events, SILVER_EVENTS, _NEEDED)
    types = [*purchases, *returns]
    of_source = F.lit(True) if source is None else F.col("source") == F.lit(source)
    return events.where(of_source & F.col("event_type").isin(types)).select(
        "user_id",
        "item_id",
        "event_at",
        F.col("event_type").isin(list(returns)).alias("is_return"),
        F.abs("amount").alias("amount"),
    )


def measure_trades(trades: DataFrame) -> DataFrame:
    """What must be known, and told, before habits are derived.

    One row: newest_micros, of all trades, since 1970; n_without_amount, trades; n_returning,
    customers with returns and no purchase. Cost: one pass, one shuffle of a row per user.
    """
    by_user = trades.groupBy("user_id").agg(
        F.max("event_at").alias("newest_at"),
        F.count_if(F.col("amount").isNull()).alias("n_without_amount"),
        F.bool_and("is_return").alias("is_returning"),
    )
    return by_user.agg(
        F.unix_micros(F.max("newest_at")).alias("newest_micros"),
        F.coalesce(F.sum("n_without_amount"), F.lit(0)).alias("n_without_amount"),
        F.count_if("is_returning").alias("n_returning"),
    ).select("newest_micros", "n_without_amount", "n_returning")


def aggregate_habits(trades: DataFrame, *, as_of: datetime) -> DataFrame:
    """One row per user_id with a purchase until `as_of` (``CUSTOMER_FEATURES``, source "events").

    Numbers, each absent where it isn't known:

    - recency_days: from the last purchase to `as_of`; tenure_days: from the first
    - frequency: days (UTC) with a purchase
    - monetary: amounts of purchases less those of returns; unknown where no amount is known
    - mean_basket: amount of purchases per day with one
    - n_items: different items bought
    - return_share: returns among purchases and returns, 0 to 1
    - days_between: mean days from one day with a purchase to the next; unknown of a single day

    Args:
        trades: `select_trades`; those after `as_of` don't count.
        as_of: the instant whose habits these are, with its time zone.

    Cost: one shuffle by user_id.
    """
    is_purchase = ~F.col("is_return")
    bought_at = F.when(is_purchase, F.col("event_at"))
    habits = (
        trades.where(F.col("event_at") <= F.lit(as_of))
        .groupBy("user_id")
        .agg(
            F.min(bought_at).alias("first_at"),
            F.max(bought_at).alias("last_at"),
            F.countDistinct(F.to_date(bought_at)).alias("n_days"),
            F.countDistinct(F.when(is_purchase, F.col("item_id"))).alias("n_items"),
            F.sum(F.when(is_purchase, F.col("amount"))).alias("bought"),
            F.sum(F.when(~is_purchase, F.col("amount"))).alias("returned"),
            F.avg(F.col("is_return").cast("double")).alias("return_share"),
        )
        .where("n_days > 0")
    )
    gap = F.datediff("last_at", "first_at") / F.nullif(F.col("n_days") - 1, F.lit(0))
    numbers = {
        "recency_days": _days(F.lit(as_of)) - _days(F.col("last_at")),
        "tenure_days": _days(F.lit(as_of)) - _days(F.col("first_at")),
        "frequency": F.col("n_days"),
        "monetary": F.col("bought") - F.coalesce("returned", F.lit(0.0)),
        "mean_basket": F.col("bought") / F.col("n_days"),
        "n_items": F.col("n_items"),
        "return_share": F.col("return_share"),
        "days_between": gap,
    }
    entries = [part for name, one in numbers.items() for part in (F.lit(name), one.cast("double"))]
    known = F.map_filter(F.create_map(*entries), lambda _, value: value.isNotNull())
    nothing = F.create_map().cast("map<string,string>")
    return habits.select(
        F.lit(SOURCE).alias("source"),
        "user_id",
        known.alias("numbers"),
        nothing.alias("categories"),
    ).select(*CUSTOMER_FEATURES.columns)


def _days(instant: Column) -> Column:
    return F.unix_micros(instant) / F.lit(_DAY_SECONDS * 1_000_000)
