"""How many users have each item in training."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.frames import HELD_OUT, ITEM_POPULARITY


def item_popularity(train: DataFrame) -> DataFrame:
    """Users who have each item: one row per item_id.

    Args:
        train: user_id, item_id; doubled pairs count once, rows with a null in either don't.

    Returns:
        ``ITEM_POPULARITY``.

    Cost: shuffles the pairs twice at most, then one row per item.
    """
    pairs = require_columns(train, HELD_OUT).select(*HELD_OUT.columns).dropna().distinct()
    everyone = pairs.agg(F.count_distinct("user_id").alias("n_all"))
    return (
        pairs.groupBy("item_id")
        .agg(F.count(F.lit(1)).alias("n_users"))
        .crossJoin(F.broadcast(everyone))
        .withColumn("user_share", F.col("n_users") / F.col("n_all"))
        .select(*ITEM_POPULARITY.columns)
    )
