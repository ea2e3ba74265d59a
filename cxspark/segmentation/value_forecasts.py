"""Forecasts put to the test: what customers bought afterwards, beside what was expected of them."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.value import VALUE_FORECASTS
from cxspark.segmentation.purchases_model import BgNbdParameters
from cxspark.segmentation.value import expected_purchases

OURS, EVERYONE = "bg_nbd", "all"
_LAST_BIN = 7
# Half the width of a 95% interval, in standard errors.
_Z = 1.96


def evaluate_forecasts(
    histories: DataFrame,
    parameters: BgNbdParameters,
    *,
    rate: float,
    source: str,
    calibration_until: date,
    holdout_until: date,
    unit_days: int,
) -> DataFrame:
    """BG/NBD and two naive forecasts side by side, on the same customers: ``VALUE_FORECASTS``.

    - bg_nbd: the conditional expectation.
    - same_rate: each customer goes on as before, x / T a unit; none where T is 0.
    - average: each customer buys as often as all did on average.

    Each model's errors are compared with BG/NBD's customer by customer: the difference is a mean
    over customers, its interval that of the normal distribution. Expectations aim at the squared
    error; of absolute errors, forecasts of too little have an advantage, as most customers buy
    nothing.

    Args:
        histories: `HISTORIES` up to ``calibration_until``, with n_later up to ``holdout_until``.
        parameters: of BG/NBD, learnt from these histories.
        rate: repeat purchases per customer and unit of time in them.
        source: whose events they are.
        calibration_until: the last day learnt from.
        holdout_until: the last day forecast.
        unit_days: days in a unit of time.

    Returns:
        A row for each model and bin of frequency that has customers (``0`` to ``6``, ``7+``), and
        for all. Figures are rounded to billionths, so that the order of sums doesn't show.

    Cost: one shuffle of a row per model, bin and partition.
    """
    ahead = (holdout_until - calibration_until).days / unit_days
    forecasts = {
        OURS: expected_purchases(parameters, ahead),
        "same_rate": F.coalesce(F.try_divide("frequency", "age") * F.lit(ahead), F.lit(0.0)),
        "average": F.lit(rate * ahead),
    }
    judged = histories.select(
        F.array(F.lit(EVERYONE), _bin()).alias("bins"),
        F.col("n_later").cast("double").alias("made"),
        *(forecast.alias(name) for name, forecast in forecasts.items()),
    ).withColumn("our_error", F.col(OURS) - F.col("made"))
    named = [F.struct(F.lit(name).alias("model"), F.col(name).alias("told")) for name in forecasts]
    each = judged.select(
        F.explode("bins").alias("bin"), "made", "our_error", F.array(*named).alias("forecasts")
    ).select("bin", "made", "our_error", F.inline("forecasts"))
    error, ours = F.col("told") - F.col("made"), F.col("our_error")
    return (
        each.groupBy("model", "bin")
        .agg(
            F.count(F.lit(1)).alias("n_users"),
            F.avg("made").alias("actual"),
            F.avg("told").alias("expected"),
            F.sum(error).alias("total_error"),
            F.avg(F.abs(error)).alias("mae"),
            F.sqrt(F.avg(error * error)).alias("rmse"),
            *_difference(F.abs(error) - F.abs(ours), "mae_difference"),
            *_difference(error * error - ours * ours, "mse_difference"),
        )
        .withColumns(
            {
                "source": F.lit(source),
                "calibration_until": F.lit(calibration_until),
                "holdout_until": F.lit(holdout_until),
            }
        )
        .orderBy("model", "bin")
        .select(*(_rounded(name) for name in VALUE_FORECASTS.columns))
    )


def _bin() -> Column:
    x = F.col("frequency")
    return F.when(x >= _LAST_BIN, F.lit(f"{_LAST_BIN}+")).otherwise(x.cast("string"))


def _difference(each: Column, name: str) -> list[Column]:
    """Its mean and both ends of the interval; null for BG/NBD, ends of a single customer too."""
    mean = F.when(F.col("model") != OURS, F.avg(each))
    half = F.lit(_Z) * F.stddev_samp(each) / F.sqrt(F.count(F.lit(1)))
    return [
        mean.alias(name),
        (mean - half).alias(f"{name}_low"),
        (mean + half).alias(f"{name}_high"),
    ]


def _rounded(name: str) -> Column:
    is_measure = VALUE_FORECASTS.schema[name].dataType.simpleString() == "double"
    return F.round(name, 9).alias(name) if is_measure else F.col(name)
