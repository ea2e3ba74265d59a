"""Days on which customers bought, and each customer's history in a few numbers."""

from collections.abc import Collection
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.events import SILVER_EVENTS

# Sums of decimals are exact, so the same in whatever order the rows come.
_MONEY = "decimal(28,6)"

HISTORIES = StructType(
    [
        StructField("user_id", StringType(), False),
        StructField("frequency", LongType(), False),
        StructField("recency", DoubleType(), False),
        StructField("age", DoubleType(), False),
        StructField("n_spends", LongType(), False),
        StructField("mean_spend", DoubleType(), True),
        StructField("n_later", LongType(), False),
    ]
)


def measure_purchases(events: DataFrame, *, types: Collection[str]) -> DataFrame:
    """What the events hold, and which of them are left out of what.

    Returns:
        One row: newest_day (of any event, UTC; null where there is none), n_negative (purchases
        of less than nothing), n_unpriced (without an amount), n_free (for nothing), n_given_back
        (events of other types with a negative amount).

    Cost: one pass, no shuffle to speak of.
    """
    require_columns(events, SILVER_EVENTS, ["event_type", "event_at", "amount"])
    is_purchase, amount = F.col("event_type").isin(*types), F.col("amount")
    return events.agg(
        F.to_date(F.max("event_at")).alias("newest_day"),
        F.count_if(is_purchase & (amount < 0)).alias("n_negative"),
        F.count_if(is_purchase & _money().isNull()).alias("n_unpriced"),
        F.count_if(is_purchase & (amount == 0)).alias("n_free"),
        F.count_if(~is_purchase & (amount < 0)).alias("n_given_back"),
    )


def aggregate_purchase_days(events: DataFrame, *, types: Collection[str], as_of: date) -> DataFrame:
    """Days on which customers bought: one row per user_id x day, up to the last day given.

    All that a customer buys on one day (UTC) is one purchase, as in the papers on BG/NBD: a process
    in continuous time knows no two purchases at once, and an order's lines are events of their own.
    A purchase of less than nothing is none: a return, or a correction. One for nothing, or of an
    amount that isn't known, is one.

    Returns:
        user_id, day (date), spend (money of that day's purchases, rounded to millionths each; null
        where no amount is known).

    Raises:
        ContractError: a column is missing or of another type.

    Cost: one shuffle, of the purchases by user_id, which serves what is aggregated by customer
    afterwards too.
    """
    require_columns(events, SILVER_EVENTS, ["user_id", "event_type", "event_at", "amount"])
    day = F.to_date("event_at")
    is_purchase = F.col("event_type").isin(*types) & ~F.coalesce(F.col("amount") < 0, F.lit(False))
    return (
        events.where(is_purchase & (day <= F.lit(as_of)))
        .select("user_id", day.alias("day"), _money().alias("spend"))
        .repartition("user_id")
        .groupBy("user_id", "day")
        .agg(F.sum("spend").alias("spend"))
        .select("user_id", "day", "spend")
    )


def summarize_purchases(days: DataFrame, *, until: date, unit_days: int) -> DataFrame:
    """Each customer's history up to a day, in the numbers that the models need: `HISTORIES`.

    - frequency: x, repeat purchases: days with a purchase after the first of them.
    - recency: t_x, units of time from the first of them to the last, 0 without a repeat.
    - age: T, units of time from the first of them to ``until``.
    - n_spends: repeat purchases whose money is known.
    - mean_spend: money per repeat purchase, the first purchase left out; null where none is known.
    - n_later: days with a purchase after ``until``.

    Who bought nothing until that day isn't in it.

    Args:
        days: `aggregate_purchase_days`.
        until: the last day that counts.
        unit_days: days in a unit of time.

    Cost: no shuffle if the days come as they were aggregated, by user_id; else one.

    Source: P. Fader, B. Hardie, The Gamma-Gamma Model of Monetary Value, 2013, for leaving out the
    first purchase.
    """
    is_past = F.col("day") <= F.lit(until)
    past = F.when(is_past, F.col("day"))
    aggregated = days.groupBy("user_id").agg(
        F.count(past).alias("n_days"),
        F.min("day").alias("first_day"),
        F.max(past).alias("last_day"),
        F.sum(F.when(is_past, F.col("spend"))).alias("all_spend"),
        F.count(F.when(is_past, F.col("spend"))).alias("n_all_spends"),
        F.min_by("spend", "day").alias("first_spend"),
        F.count_if(~is_past).alias("n_later"),
    )
    n_spends = F.col("n_all_spends") - F.col("first_spend").isNotNull().cast("bigint")
    repeat_spend = F.col("all_spend") - F.coalesce("first_spend", F.lit(0).cast(_MONEY))
    return aggregated.where("n_days > 0").select(
        "user_id",
        (F.col("n_days") - 1).alias("frequency"),
        _units(F.col("last_day"), unit_days).alias("recency"),
        _units(F.lit(until), unit_days).alias("age"),
        n_spends.alias("n_spends"),
        F.try_divide(repeat_spend.cast("double"), n_spends).alias("mean_spend"),
        "n_later",
    )


def _money() -> Column:
    """The amount; null where it isn't known, or no sum of money."""
    return F.col("amount").try_cast(_MONEY)


def _units(day: Column, unit_days: int) -> Column:
    return F.date_diff(day, F.col("first_day")) / F.lit(float(unit_days))
