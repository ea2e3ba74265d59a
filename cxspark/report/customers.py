"""A few customers in detail: what they did, who is near them, what to offer and why."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS


def pick_customers(recommendations: DataFrame, user_item: DataFrame, *, n: int) -> DataFrame:
    """Customers worth looking at: from those who get popular items to those with many items.

    Users with recommendations are laid in order of how many items they have (those who get nothing
    but popular items first), users with equally many by a hash of their id; the picks
    stand at equal steps from the first to the 95th percentile, so that the busiest 5%, often
    machines, stay out. The same tables give the same picks.

    Returns:
        One row per pick, at most n (fewer where there are fewer users), in that order: user_id,
        n_items.

    Cost: shuffles of one row per user; the percentiles are broadcast.
    """
    require_columns(recommendations, RECOMMENDATIONS, ["user_id", "origin"])
    require_columns(user_item, USER_ITEM, ["user_id"])
    served = recommendations.groupBy("user_id").agg(
        F.bool_or(F.col("origin") != "popular").alias("is_personal")
    )
    sizes = user_item.groupBy("user_id").agg(F.count("*").alias("n_items"))
    # Between 0 and 1: settles the order of users with equally many items.
    jitter = F.pmod(F.xxhash64("user_id"), F.lit(1_000_003)) / 1_000_003
    users = (
        served.join(sizes, "user_id", "left")
        .withColumn("n_items", F.coalesce("n_items", F.lit(0)))
        .withColumn("place", F.when(F.col("is_personal"), F.col("n_items")).otherwise(0) + jitter)
    )
    steps = [0.95 * step / (n - 1) for step in range(n)] if n > 1 else [0.5]
    marks = users.agg(F.percentile_approx("place", steps, 1000).alias("place"))
    return (
        users.join(F.broadcast(marks.select(F.explode("place").alias("place")).distinct()), "place")
        .groupBy("place")
        .agg(F.min(F.struct("user_id", "n_items")).alias("pick"))
        .orderBy("place")
        .limit(n)
        .select("pick.user_id", "pick.n_items")
    )


def describe_customers(user_item: DataFrame, *, users: Sequence[str]) -> DataFrame:
    """What is known of the users in all.

    Returns:
        One row per user_id that has cells: user_id, n_items, n_events, first_day, last_day (UTC).

    Cost: one shuffle of these users' cells.
    """
    require_columns(user_item, USER_ITEM)
    return (
        user_item.where(F.col("user_id").isin(list(users)))
        .groupBy("user_id")
        .agg(
            F.count("*").alias("n_items"),
            F.sum("n_events").alias("n_events"),
            F.to_date(F.min("first_at")).alias("first_day"),
            F.to_date(F.max("last_at")).alias("last_day"),
        )
        .orderBy("user_id")
        .select("user_id", "n_items", "n_events", "first_day", "last_day")
    )


def rank_history(
    user_item: DataFrame, events: DataFrame, *, users: Sequence[str], n: int
) -> DataFrame:
    """What the users care about most, and what they did with it.

    Args:
        user_item: gold.user_item.
        events: silver.events.
        users: user_ids, few.
        n: items per user.

    Returns:
        One row per user_id x rank: user_id, rank (from 1, the largest weight first, ties by
        item_id), item_id, weight, n_events, last_day (UTC), actions (array of n_events and
        event_type, the commonest first; empty where silver.events has none).

    Cost: one shuffle of these users' cells; the rows kept are broadcast against the events.
    """
    require_columns(user_item, USER_ITEM)
    require_columns(events, SILVER_EVENTS, ["user_id", "item_id", "event_type"])
    top = _first(
        user_item.where(F.col("user_id").isin(list(users))),
        F.desc("weight"),
        F.asc("item_id"),
        n=n,
    )
    actions = (
        events.where(F.col("user_id").isin(list(users)))
        .join(F.broadcast(top.select("user_id", "item_id")), ["user_id", "item_id"])
        .groupBy("user_id", "item_id", "event_type")
        .agg(F.count("*").alias("n_events"))
        .groupBy("user_id", "item_id")
        .agg(
            F.sort_array(F.collect_list(F.struct("n_events", "event_type")), asc=False).alias(
                "actions"
            )
        )
    )
    return (
        top.join(actions, ["user_id", "item_id"], "left")
        .orderBy("user_id", "rank")
        .select(
            "user_id",
            "rank",
            "item_id",
            "weight",
            "n_events",
            F.to_date("last_at").alias("last_day"),
            F.coalesce("actions", F.array()).alias("actions"),
        )
    )


def select_recommendations(
    recommendations: DataFrame, *, users: Sequence[str], n: int
) -> DataFrame:
    """The users' first n recommendations by each algorithm, with their reasons, weightiest first.

    Returns:
        One row per algorithm x user_id x rank, in order: algorithm, user_id, rank, item_id, score,
        origin, reasons.

    Cost: a filter and a sort of what is left.
    """
    require_columns(recommendations, RECOMMENDATIONS)
    weightiest = F.array_sort(
        "reasons",
        lambda a, b: (
            F.when(a["contribution"] > b["contribution"], -1)
            .when(a["contribution"] < b["contribution"], 1)
            .when(a["id"] < b["id"], -1)
            .when(a["id"] > b["id"], 1)
            .otherwise(0)
        ),
    )
    return (
        recommendations.where(F.col("user_id").isin(list(users)) & (F.col("rank") <= n))
        .orderBy("algorithm", "user_id", "rank")
        .select(
            "algorithm",
            "user_id",
            "rank",
            "item_id",
            "score",
            "origin",
            weightiest.alias("reasons"),
        )
    )


def compare_neighbors(
    neighbors: DataFrame, user_item: DataFrame, *, users: Sequence[str]
) -> DataFrame:
    """The users' neighbours and how many items they have in common.

    Returns:
        One row per user_id x rank: user_id, rank, neighbor_id, distance, metric, n_shared (items
        that both have).

    Cost: the neighbours and the users' own cells are broadcast against gold.user_item.
    """
    require_columns(neighbors, USER_NEIGHBORS)
    require_columns(user_item, USER_ITEM, ["user_id", "item_id"])
    near = neighbors.where(F.col("user_id").isin(list(users)))
    own = user_item.where(F.col("user_id").isin(list(users))).select("user_id", "item_id")
    theirs = user_item.select(F.col("user_id").alias("neighbor_id"), "item_id")
    shared = (
        theirs.join(F.broadcast(near.select("user_id", "neighbor_id")), "neighbor_id")
        .join(F.broadcast(own), ["user_id", "item_id"])
        .groupBy("user_id", "neighbor_id")
        .agg(F.count("*").alias("n_shared"))
    )
    return (
        near.join(shared, ["user_id", "neighbor_id"], "left")
        .orderBy("user_id", "rank")
        .select(
            "user_id",
            "rank",
            "neighbor_id",
            "distance",
            "metric",
            F.coalesce("n_shared", F.lit(0)).alias("n_shared"),
        )
    )


def name_items(events: DataFrame, *, items: Sequence[str]) -> DataFrame:
    """The latest name of each item that has one; ties by the name, the last in order.

    Returns:
        One row per item_id: item_id, item_name.

    Cost: one shuffle of a row per item asked for and partition.
    """
    require_columns(events, SILVER_EVENTS, ["item_id", "item_name", "event_at"])
    return (
        events.where(F.col("item_id").isin(list(items)) & F.col("item_name").isNotNull())
        .groupBy("item_id")
        .agg(F.max(F.struct("event_at", "item_name")).alias("latest"))
        .orderBy("item_id")
        .select("item_id", "latest.item_name")
    )


def _first(frame: DataFrame, *order: Column, n: int) -> DataFrame:
    """The first n rows of each user in this order, with their rank."""
    ranked = frame.withColumn(
        "rank", F.row_number().over(Window.partitionBy("user_id").orderBy(*order))
    )
    return ranked.where(F.col("rank") <= n)
