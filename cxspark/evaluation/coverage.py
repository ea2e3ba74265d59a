"""How much of the catalogue is recommended to anyone, and how evenly."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.frames import ITEM_POPULARITY, RECOMMENDED


def coverage(recommended: DataFrame, catalogue: DataFrame, *, k: int) -> DataFrame:
    """The share of the catalogue that is recommended to anyone: one row per algorithm.

    gini is 0 where every item of the catalogue has as many places as any other, and goes to 1 where
    one has them all: sum_i (2 i - n - 1) x_i / (n sum x), x_1 <= ... <= x_n the places of the n
    items, those without a place among them.

    Args:
        recommended: ``RECOMMENDED``.
        catalogue: item_id of all that could be recommended; doubled items and nulls don't count.
        k: ranks up to it count.

    Returns:
        algorithm, coverage and gini. Items that aren't in the catalogue don't count; an algorithm
        that recommends no other has coverage 0 and a gini of null.

    Cost: a partial count before a shuffle of one row per algorithm x item; the catalogue is
    shuffled once; one task sorts an algorithm's counts. Source: Gini by Shani and Gunawardana 2011.
    """
    require_columns(recommended, RECOMMENDED)
    require_columns(catalogue, ITEM_POPULARITY, ["item_id"])
    items = catalogue.select("item_id").dropna().distinct()
    places = (
        recommended.where(F.col("rank") <= k)
        .groupBy("algorithm", "item_id")
        .agg(F.count(F.lit(1)).alias("n_places"))
        .join(items.withColumn("is_known", F.lit(True)), "item_id", "left")
        .withColumn("n_places", F.when(F.col("is_known"), F.col("n_places")))
    )
    # Nulls, of unknown items, sort last, so that they take no known item's place from the end.
    most = Window.partitionBy("algorithm").orderBy(F.col("n_places").desc_nulls_last())
    n, i = F.col("n_items"), F.col("n_items") + 1 - F.row_number().over(most)
    return (
        places.crossJoin(F.broadcast(items.agg(F.count(F.lit(1)).alias("n_items"))))
        .withColumn("spread", (2 * i - n - 1) * F.col("n_places") / n)
        .groupBy("algorithm", "n_items")
        .agg(
            (F.count("n_places") / n).alias("coverage"),
            (F.sum("spread") / F.sum("n_places")).alias("gini"),
        )
        .select("algorithm", "coverage", "gini")
    )
