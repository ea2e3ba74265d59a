"""How unlike each other the items of a list are."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.frames import HELD_OUT, RECOMMENDED

_PAIR = ["item_a", "item_b"]


def diversity(recommended: DataFrame, train: DataFrame, *, k: int) -> DataFrame:
    """Mean over lists of 1 - cosine over the pairs of a list: one row per algorithm.

    The cosine of two items is n_ab / sqrt(n_a n_b), n_ab the users who have both in training, n_a
    and n_b those who have either; 0 where one is had by nobody. So 1 is a list of items that no
    user has two of.

    Args:
        recommended: ``RECOMMENDED``; an item twice in a list counts once.
        train: user_id, item_id; doubled pairs count once, rows with a null in either don't.
        k: ranks up to it count.

    Returns:
        algorithm, diversity and n_lists, those with two items at least: lists of one have no pair,
        and an algorithm with no other lists has no row.

    Cost: k (k - 1) / 2 rows per list, counted by algorithm and pair before a shuffle: few where
    users get the same, at worst one per list and pair. Of training only recommended items count,
    and each user who has m of them gives m (m - 1) / 2 rows, counted likewise: users of thousands
    of items are what is dear. Where it is too dear, give a part of the lists (their mean is about
    the same), or train of a part of the users. Source: Ziegler et al. 2005, as a mean.
    """
    require_columns(recommended, RECOMMENDED)
    require_columns(train, HELD_OUT)
    lists = (
        recommended.where(F.col("rank") <= k)
        .groupBy("algorithm", "user_id")
        .agg(F.collect_set("item_id").alias("items"))
        .where(F.size("items") > 1)
    )
    in_lists = _item_pairs(lists).groupBy("algorithm", *_PAIR).agg(F.sum("part").alias("part"))
    like = _cosines(recommended.where(F.col("rank") <= k), train)
    similar = (
        in_lists.join(like, _PAIR)
        .groupBy("algorithm")
        .agg(F.sum(F.col("part") * F.col("cosine")).alias("similarity"))
    )
    n_lists = lists.groupBy("algorithm").agg(F.count(F.lit(1)).alias("n_lists"))
    alike = F.coalesce("similarity", F.lit(0.0)) / F.col("n_lists")
    return (
        n_lists.join(F.broadcast(similar), "algorithm", "left")
        .withColumn("diversity", 1 - alike)
        .select("algorithm", "diversity", "n_lists")
    )


def _item_pairs(lists: DataFrame) -> DataFrame:
    """Every pair of a row's items, the smaller first, with its part of all the row's pairs."""
    n = F.size("items")
    part = (2 / (n * (n - 1))).alias("part")
    others = [name for name in lists.columns if name != "items"]
    in_order = lists.withColumn("items", F.sort_array("items"))
    # One item after the other: all pairs at once of somebody with 10,000 items take gigabytes.
    firsts = in_order.select(*others, part, "items", F.posexplode("items").alias("at", "item_a"))
    later = F.slice("items", F.col("at") + 2, F.greatest(n - F.col("at") - 1, F.lit(0)))
    return firsts.select(*others, "part", "item_a", F.explode(later).alias("item_b"))


def _cosines(recommended: DataFrame, train: DataFrame) -> DataFrame:
    """Pairs of recommended items that any user has in training: item_a, item_b, cosine."""
    wanted = recommended.select("item_id").distinct()
    cells = train.select(*HELD_OUT.columns).dropna().distinct().join(wanted, "item_id", "left_semi")
    users = cells.groupBy("user_id").agg(F.collect_list("item_id").alias("items"))
    both = _item_pairs(users.select("items")).groupBy(*_PAIR).agg(F.count(F.lit(1)).alias("n_both"))
    have = cells.groupBy("item_id").agg(F.count(F.lit(1)).alias("n"))
    cosine = F.col("n_both") / F.sqrt(F.col("n_a") * F.col("n_b"))
    return (
        both.join(have.select(F.col("item_id").alias("item_a"), F.col("n").alias("n_a")), "item_a")
        .join(have.select(F.col("item_id").alias("item_b"), F.col("n").alias("n_b")), "item_b")
        .select(*_PAIR, cosine.alias("cosine"))
    )
