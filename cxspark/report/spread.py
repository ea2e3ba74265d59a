"""How unevenly things are spread: events over items, items over users, distances over pairs."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS

STEPS_PER_DOUBLING = 32


def filter_algorithm(frame: DataFrame, *, algorithm: str) -> DataFrame:
    """The rows that one algorithm wrote; the grain stays. Cost: a filter."""
    return frame.where(F.col("algorithm") == algorithm).select(*frame.columns)


def aggregate_group_sizes(frame: DataFrame, *, by: str) -> DataFrame:
    """How many groups have how many rows, in buckets fine enough for a curve.

    Group sizes that differ by less than about 2% share a bucket; up to 45 rows each size has its
    own. A power of two always begins a bucket, so the buckets also add up to the histogram 1, 2-3,
    4-7, 8-15, ... Sums over whole buckets are exact, however coarse the buckets.

    Args:
        frame: any rows with the column `by`: events by item_id, cells by user_id, ...
        by: what makes a group.

    Returns:
        One row per bucket, the largest groups first: doubling (floor of log2 of the size),
        n_groups, n_rows (of all these groups together). At most 32 rows per doubling.

    Cost: one shuffle of one row per group and partition, a second of one per bucket.
    """
    # 1e-6 makes up for log2 of a power of two that comes out a hair too small.
    bucket = F.floor(F.log2("size") * STEPS_PER_DOUBLING + 1e-6)
    return (
        frame.groupBy(by)
        .agg(F.count("*").alias("size"))
        .groupBy(bucket.alias("bucket"))
        .agg(F.count("*").alias("n_groups"), F.sum("size").alias("n_rows"))
        .orderBy(F.desc("bucket"))
        .select(
            F.floor(F.col("bucket") / STEPS_PER_DOUBLING).alias("doubling"), "n_groups", "n_rows"
        )
    )


def aggregate_matrix(user_item: DataFrame) -> DataFrame:
    """The matrix's size.

    Returns:
        One row: n_users, n_items (with at least one cell), n_cells. The density is
        n_cells / (n_users x n_items).

    Cost: two shuffles, of the distinct users and the distinct items.
    """
    require_columns(user_item, USER_ITEM, ["user_id", "item_id"])
    return user_item.agg(
        F.count_distinct("user_id").alias("n_users"),
        F.count_distinct("item_id").alias("n_items"),
        F.count("*").alias("n_cells"),
    ).select("n_users", "n_items", "n_cells")


def aggregate_distances(neighbors: DataFrame, *, n_bins: int) -> DataFrame:
    """A histogram of the distances to the nearest neighbour and to the others.

    Args:
        neighbors: gold.user_neighbors, of one algorithm.
        n_bins: bins of equal width from 0 to the largest distance; just one where that is 0.

    Returns:
        One row per bin that isn't empty, in order: metric, bin (from 0), low, high (distance, in
        the metric's unit), n_nearest (pairs of rank 1), n_others. A pair on an edge counts in the
        bin above it, the largest distance in the last bin.

    Cost: one pass for the largest distance, broadcast, and one shuffle of a row per bin.
    """
    require_columns(neighbors, USER_NEIGHBORS, ["rank", "distance", "metric"])
    widest = neighbors.agg(F.max("distance").alias("widest"))
    width = F.coalesce(F.try_divide("widest", F.lit(n_bins)), F.lit(0.0))
    place = F.coalesce(F.floor(F.try_divide("distance", "width")), F.lit(0))
    return (
        neighbors.crossJoin(F.broadcast(widest))
        .withColumn("width", width)
        .groupBy("metric", "width", F.least(place, F.lit(n_bins - 1)).alias("bin"))
        .agg(
            F.count_if(F.col("rank") == 1).alias("n_nearest"),
            F.count_if(F.col("rank") > 1).alias("n_others"),
        )
        .orderBy("metric", "bin")
        .select(
            "metric",
            "bin",
            (F.col("bin") * F.col("width")).alias("low"),
            ((F.col("bin") + 1) * F.col("width")).alias("high"),
            "n_nearest",
            "n_others",
        )
    )


def aggregate_recommendations(recommendations: DataFrame) -> DataFrame:
    """How many recommendations, to whom and where they come from.

    Returns:
        One row per origin (neighbors, popular), in that order: origin, n_recommendations, n_users.

    Cost: one shuffle of the distinct users per origin.
    """
    require_columns(recommendations, RECOMMENDATIONS, ["user_id", "origin"])
    return (
        recommendations.groupBy("origin")
        .agg(
            F.count("*").alias("n_recommendations"),
            F.count_distinct("user_id").alias("n_users"),
        )
        .orderBy("origin")
        .select("origin", "n_recommendations", "n_users")
    )


def rank_recommended(recommendations: DataFrame, *, n: int) -> DataFrame:
    """The n items recommended to most users: item_id, n_users; ties by item_id.

    Cost: one shuffle of one row per item and partition.
    """
    require_columns(recommendations, RECOMMENDATIONS, ["item_id"])
    return (
        recommendations.groupBy("item_id")
        .agg(F.count("*").alias("n_users"))
        .orderBy(F.desc("n_users"), "item_id")
        .limit(n)
        .select("item_id", "n_users")
    )
