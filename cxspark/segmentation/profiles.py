"""What the customers of each segment are like."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from cxspark.contracts.segments import SEGMENT_PROFILES

# The median's rank is right to one in so many.
_ACCURACY = 10_000
_COLUMNS = [name for name in SEGMENT_PROFILES.columns if name not in {"source", "as_of"}]


def profile_segments(segments: DataFrame, rows: DataFrame, *, names: Sequence[str]) -> DataFrame:
    """One row per segment x feature, with the columns of ``SEGMENT_PROFILES`` but source and as_of.

    Customers of whom a feature isn't known don't count in its mean, median, deviation and sum. The
    median is exact up to 10,000 customers of a segment.

    Args:
        segments: user_id, segment, one row per user_id.
        rows: `FEATURE_ROWS` of these and other customers.
        names: what the numbers are.

    Cost: a join by user_id, one shuffle of a few sums per segment and feature.
    """
    values = segments.select("user_id", "segment").join(
        rows.select("user_id", "numbers"), "user_id"
    )
    told = (
        values.select("segment", F.posexplode("numbers").alias("place", "value"))
        .groupBy("segment", "place")
        .agg(
            F.count(F.lit(1)).alias("n_users"),
            F.count("value").alias("n_known"),
            F.avg("value").alias("mean"),
            F.var_pop("value").alias("variance"),
            F.percentile_approx("value", 0.5, _ACCURACY).alias("median"),
            F.sum("value").alias("total"),
        )
    )
    of_all = Window.partitionBy("place")
    n_known = F.sum("n_known").over(of_all)
    all_mean = F.sum(F.col("n_known") * F.col("mean")).over(of_all) / F.nullif(n_known, F.lit(0))
    squares = F.col("n_known") * (F.col("variance") + (F.col("mean") - F.col("all_mean")) ** 2)
    spread = F.sqrt(F.sum(squares).over(of_all) / F.nullif(n_known, F.lit(0)))
    sum_of_all = F.sum("total").over(of_all)
    return (
        told.withColumn("all_mean", all_mean)
        .withColumn("spread", spread)
        .withColumn("share_users", F.col("n_users") / F.sum("n_users").over(of_all))
        .withColumn("share_total", F.when(sum_of_all > 0, F.col("total") / sum_of_all))
        .withColumn(
            "deviation",
            F.when(F.col("spread") == 0, F.col("mean") * 0).otherwise(
                (F.col("mean") - F.col("all_mean")) / F.col("spread")
            ),
        )
        .withColumn("feature", F.get(F.array(*map(F.lit, names)), F.col("place")))
        .select(*_COLUMNS)
    )
