"""Which recommended items were held out, and at which ranks."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.frames import HELD_OUT, HITS, RECOMMENDED


def match_hits(
    recommended: DataFrame,
    held_out: DataFrame,
    *,
    k: int,
    algorithms: Sequence[str] | None = None,
) -> DataFrame:
    """Ranks of the recommended items that were held out: one row per algorithm x user_id.

    Every algorithm is judged over the same users, all those with something held out: to whom it
    recommends nothing it has no hits. Users with nothing held out are left out.

    Args:
        recommended: ``RECOMMENDED``, of one or several algorithms.
        held_out: ``HELD_OUT``; a doubled pair counts once.
        k: ranks up to it count.
        algorithms: all that recommended something, or should have; None: those of the lists, which
            are read once more to tell.

    Returns:
        ``HITS``. An item twice in a user's list is a hit once, at its better rank, and fills two
        places.

    Cost: held_out is shuffled by user, for its items and again for its users. Where it is small it
    is broadcast: then the lists aren't shuffled, but a row of each. Else each place is shuffled
    once, by user, and the result lies so. A million places of 100,000 lists with 500,000 pairs held
    out take 3 core-seconds warm, half of them to bring the pairs to the places.
    """
    require_columns(recommended, RECOMMENDED)
    require_columns(held_out, HELD_OUT)
    relevant = (
        held_out.where(F.col("item_id").isNotNull())
        .groupBy("user_id")
        .agg(F.collect_set("item_id").alias("items"))
    )
    placed = (
        recommended.where(F.col("rank") <= k)
        .select(*RECOMMENDED.columns)
        .unionByName(_blanks(recommended, relevant, algorithms), allowMissingColumns=True)
        .join(relevant, "user_id")
        .select(
            "algorithm",
            "user_id",
            "rank",
            F.array_position("items", F.col("item_id")).alias("which"),
            F.size("items").alias("n_relevant"),
        )
    )
    # Which of the relevant items is at each place: a number a place is aggregated at a fraction of
    # what a collected list costs.
    at_place = [F.max(F.when(F.col("rank") == rank, F.col("which"))) for rank in range(1, k + 1)]
    lists = placed.groupBy("user_id", "algorithm").agg(
        F.max("n_relevant").alias("n_relevant"),
        F.count("rank").alias("n_recommended"),
        F.array(*at_place).alias("places"),
    )
    return lists.withColumn("hit_ranks", _first_ranks(F.col("places"))).select(*HITS.columns)


def _first_ranks(places: Column) -> Column:
    """The ranks at which a relevant item stands that isn't further up."""

    def rank(which: Column, index: Column) -> Column:
        is_first = F.array_position(places, which) == index + 1
        return F.when((which > 0) & is_first, index + 1)

    return F.array_compact(F.transform(places, rank))


def _blanks(
    recommended: DataFrame, relevant: DataFrame, algorithms: Sequence[str] | None
) -> DataFrame:
    """For each algorithm x judged user a row without an item."""
    users = relevant.select("user_id")
    if algorithms is not None:
        names = F.array(*map(F.lit, algorithms))
        return users.select("user_id", F.explode(names).alias("algorithm"))
    return users.crossJoin(F.broadcast(recommended.select("algorithm").distinct()))
