"""What became of segments from one run to the next."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window


def aggregate_moves(before: DataFrame, after: DataFrame) -> DataFrame:
    """How many customers went from which segment to which: the contingency table, and its edges.

    One row per from_segment x to_segment: n_users; share, of all who were in from_segment. A
    segment is null for customers who were in none before, or are in none afterwards.

    Args:
        before: user_id, segment, one row per user_id.
        after: the same, later.

    Cost: one shuffle of both by user_id.
    """
    pairs = before.select("user_id", F.col("segment").alias("from_segment")).join(
        after.select("user_id", F.col("segment").alias("to_segment")), "user_id", "full"
    )
    counted = pairs.groupBy("from_segment", "to_segment").agg(F.count(F.lit(1)).alias("n_users"))
    everyone = F.sum("n_users").over(Window.partitionBy("from_segment"))
    return counted.withColumn("share", F.col("n_users") / everyone).select(
        "from_segment", "to_segment", "n_users", "share"
    )


def measure_agreement(moves: DataFrame) -> DataFrame:
    """The adjusted Rand index of two groupings: 1 where they are the same, 0 as by chance.

    One row: adjusted_rand, null where no customer is in both. Pairs of customers who are together
    in both, less what is expected of groups of these sizes, by the most there could be less that
    (Hubert and Arabie 1985, J. Classification 2). Names don't matter, only who is with whom.

    Args:
        moves: from_segment, to_segment, n_users (`aggregate_moves`); rows with a null don't count.

    Cost: of the pairs of segments alone.
    """
    names = ["from_segment", "to_segment"]
    sums = (
        moves.dropna(subset=names)
        .groupingSets([names, names[:1], names[1:], []], *names)
        .agg(F.sum("n_users").alias("n_users"), F.grouping_id().alias("level"))
    )
    n = F.col("n_users").cast("double")
    pairs = n * (n - 1) / 2
    together, before, after, every = (_sum_of(pairs, level) for level in range(4))
    expected = before * after / F.nullif(every, F.lit(0.0))
    most = (before + after) / 2
    # Groups of everyone, or of one each, in both: no pair is left to differ; so is one customer.
    index = F.when(F.coalesce(most == expected, F.lit(True)), F.lit(1.0)).otherwise(
        (together - expected) / (most - expected)
    )
    told = F.when(F.max("n_users") > 0, index)
    return sums.agg(told.alias("adjusted_rand")).select("adjusted_rand")


def _sum_of(pairs: Column, level: int) -> Column:
    """The pairs of one grouping set, by its `grouping_id`: a bit for each name left out."""
    return F.sum(F.when(F.col("level") == level, pairs).otherwise(F.lit(0.0)))
