"""How little known what is recommended is."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.frames import ITEM_POPULARITY, RECOMMENDED


def novelty(recommended: DataFrame, popularity: DataFrame, *, k: int) -> DataFrame:
    """Mean over users of their lists' mean surprise, in bits: one row per algorithm.

    An item's surprise is -log2 of the share of users who have it in training: 0 for what all have,
    1 for what half of them have. What nobody has counts as if one user had it.

    Args:
        recommended: ``RECOMMENDED``.
        popularity: ``ITEM_POPULARITY`` of the training.
        k: ranks up to it count.

    Returns:
        algorithm, novelty and n_users, those with a list. Where popularity is empty, novelty is
        null.

    Cost: one join on item_id, popularity is broadcast where it is small; a shuffle of one row per
    list. Source: Zhou et al. 2010, self-information.
    """
    require_columns(recommended, RECOMMENDED)
    require_columns(popularity, ITEM_POPULARITY)
    # The share of a single user is the same whichever item tells it.
    single = popularity.agg(F.max(F.col("user_share") / F.col("n_users")).alias("single_share"))
    surprise = -F.log2(F.coalesce("user_share", "single_share"))
    return (
        recommended.where(F.col("rank") <= k)
        .join(popularity.select("item_id", "user_share"), "item_id", "left")
        .crossJoin(F.broadcast(single))
        .groupBy("algorithm", "user_id")
        .agg(F.avg(surprise).alias("novelty"))
        .groupBy("algorithm")
        .agg(F.avg("novelty").alias("novelty"), F.count(F.lit(1)).alias("n_users"))
        .select("algorithm", "novelty", "n_users")
    )
