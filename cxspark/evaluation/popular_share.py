"""How much of what is recommended everybody knows already."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.frames import ITEM_POPULARITY, RECOMMENDED


def popular_share(
    recommended: DataFrame, popularity: DataFrame, *, k: int, share: float = 0.01
) -> DataFrame:
    """The share of places that go to the most popular items, 1% of all: one row per algorithm.

    Args:
        recommended: ``RECOMMENDED``.
        popularity: ``ITEM_POPULARITY`` of the training.
        k: ranks up to it count.
        share: of the items in popularity that are called popular, those with most users, ties by
            item_id; at least one item, rounded up.

    Returns:
        algorithm and popular_share, between 0 and 1.

    Cost: one task sorts one row per item; they are broadcast, as a share of the items is small;
    a shuffle of one row per algorithm.
    """
    require_columns(recommended, RECOMMENDED)
    require_columns(popularity, ITEM_POPULARITY, ["item_id", "n_users"])
    entry = F.struct((-F.col("n_users")).alias("order"), "item_id")
    ranked = popularity.agg(F.array_sort(F.collect_list(entry)).alias("items"))
    n_popular = F.ceil(F.size("items") * F.lit(share)).cast("int")
    popular = ranked.select(F.explode(F.slice("items", 1, n_popular)).alias("item")).select(
        "item.item_id", F.lit(1.0).alias("is_popular")
    )
    return (
        recommended.where(F.col("rank") <= k)
        .join(F.broadcast(popular), "item_id", "left")
        .groupBy("algorithm")
        .agg(F.avg(F.coalesce("is_popular", F.lit(0.0))).alias("popular_share"))
        .select("algorithm", "popular_share")
    )
