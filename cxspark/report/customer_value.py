"""What customers are expected to buy: summed up, spread over them, and put to the test."""

from collections.abc import Sequence

import numpy as np
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.value import CUSTOMER_VALUE, VALUE_FORECASTS

STEPS_PER_DOUBLING = 32
# Worth less than this, in money or purchases, is nothing.
_NOTHING = 1e-6

EVERYONE, OURS = "all", "bg_nbd"
MODELS = {
    OURS: "the model",
    "same_rate": "going on as before",
    "average": "the average for everyone",
}


def summarize_values(values: DataFrame) -> DataFrame:
    """What each source's customers are worth together.

    Returns:
        One row per source, those with most customers first: source, as_of, horizon, unit_days,
        n_users, n_repeaters (with more than one purchase), n_alive (of these, expected to be
        customers still), purchases, value (both expected; value null where no spend is known).

    Cost: one shuffle of a row per source and partition.
    """
    require_columns(values, CUSTOMER_VALUE)
    is_repeater = F.col("frequency") > 0
    return (
        values.groupBy("source", "as_of", "horizon", "unit_days")
        .agg(
            F.count(F.lit(1)).alias("n_users"),
            F.count_if(is_repeater).alias("n_repeaters"),
            F.sum(F.when(is_repeater, F.col("p_alive")).otherwise(F.lit(0.0))).alias("n_alive"),
            F.sum("expected_purchases").alias("purchases"),
            F.sum("expected_value").alias("value"),
        )
        .orderBy(F.desc("n_users"), "source")
    )


def aggregate_values(values: DataFrame, *, source: str) -> DataFrame:
    """How many customers of a source are worth how much, in buckets fine enough for shares.

    Worth is the expected value, or the expected purchases where no spend is known. Values that
    differ by less than about 2% share a bucket.

    Returns:
        One row per bucket, the most valuable first: n_users, worth (of them together).

    Cost: one shuffle of a row per bucket and partition.
    """
    require_columns(values, CUSTOMER_VALUE, ["source", "expected_purchases", "expected_value"])
    worth = F.coalesce("expected_value", "expected_purchases")
    bucket = F.floor(F.log2(F.greatest(worth, F.lit(_NOTHING))) * STEPS_PER_DOUBLING)
    return (
        values.where(F.col("source") == source)
        .groupBy(bucket.alias("bucket"))
        .agg(F.count(F.lit(1)).alias("n_users"), F.sum(worth).alias("worth"))
        .orderBy(F.desc("bucket"))
        .select("n_users", "worth")
    )


def select_forecasts(forecasts: DataFrame, *, source: str) -> DataFrame:
    """A source's forecasts, as ``VALUE_FORECASTS``: at most 27 rows, in order of bin and model."""
    require_columns(forecasts, VALUE_FORECASTS)
    ours = forecasts.where(F.col("source") == source)
    return ours.orderBy("bin", "model").select(*VALUE_FORECASTS.columns)


def tenths(sizes: Sequence[Row]) -> list[float]:
    """The share of all worth that each tenth of the customers has, the most valuable first.

    Within a bucket all customers count alike. Nothing is worth anything: no shares.

    Args:
        sizes: `aggregate_values`.

    Example:
        >>> sizes = [Row(n_users=1, worth=6.0), Row(n_users=4, worth=4.0)]
        >>> [round(share, 2) for share in tenths(sizes)]
        [0.3, 0.3, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]
    """
    users = np.cumsum([0, *(row["n_users"] for row in sizes)])
    worth = np.cumsum([0.0, *(row["worth"] for row in sizes)])
    if not worth[-1]:
        return []
    upto = np.interp(np.linspace(0, users[-1], 11), users, worth / worth[-1])
    return [float(share) for share in np.diff(upto)]


def bins(forecasts: Sequence[Row]) -> list[str]:
    """The bins of frequency that have customers, in order, without the one of everyone."""
    found = {row["bin"] for row in forecasts} - {EVERYONE}
    return sorted(found, key=lambda name: int(name.rstrip("+")))


def verdict(forecasts: Sequence[Row]) -> str:
    """Whether the model was nearer to what customers did than the naive forecasts, plainly."""
    parts = []
    for model, name in MODELS.items():
        if model == OURS:
            continue
        rows = {row["bin"]: row for row in forecasts if row["model"] == model}
        lost = [one for one in bins(forecasts) if _is_nearer(rows.get(one))]
        parts.append(
            f"“{name}” {_standing(rows.get(EVERYONE))}"
            + (f" (but nearer for those with {', '.join(lost)} repeat purchases)" if lost else "")
        )
    return "By squared error " + " and ".join(parts) + "."


def _standing(row: Row | None) -> str:
    if row is None or row["mse_difference_low"] is None:
        return "can't be told from the model"
    if row["mse_difference_low"] > 0:
        return "was further off than the model"
    return (
        "was nearer than the model" if _is_nearer(row) else "was as near as the model, within noise"
    )


def _is_nearer(row: Row | None) -> bool:
    return row is not None and (row["mse_difference_high"] or 0) < 0
