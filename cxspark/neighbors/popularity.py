"""The catalogue in the order in which ties are settled, with what is popular now."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, IntegerType, LongType, StringType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.preferences import USER_ITEM
from cxspark.contracts.table import Table, column

RANKED_ITEMS = Table(
    name="ranked items",
    grain="one row per item_id",
    schema=StructType(
        [
            column("item_id", StringType(), "what"),
            column("column_index", IntegerType(), "place by n_users, ties by item_id; from 0"),
            column("n_users", LongType(), "users with a positive weight"),
            column("n_recent", LongType(), "those of them with an event in the last days"),
        ]
    ),
    key=("item_id",),
)


def measure_cells(user_item: DataFrame) -> DataFrame:
    """What must be known of the matrix before it is cut into blocks.

    Returns:
        One row: newest_micros (the newest event of a positive weight, microseconds since 1970; null
        where there is none), n_users (within 5%).

    Cost: one pass over the cells, no shuffle of them.
    """
    require_columns(user_item, USER_ITEM, ["user_id", "weight", "last_at"])
    return user_item.agg(
        F.unix_micros(F.max(F.when(F.col("weight") > 0, F.col("last_at")))).alias("newest_micros"),
        F.approx_count_distinct("user_id").alias("n_users"),
    ).select("newest_micros", "n_users")


def recent_since(newest_micros: int | None, *, days: float) -> int | None:
    """The instant from which on events are recent, in microseconds; None where there is no event.

    Example:
        >>> recent_since(86_400_000_000, days=1), recent_since(None, days=1)
        (0, None)
    """
    return None if newest_micros is None else newest_micros - round(days * 86_400e6)


def rank_items(user_item: DataFrame, *, recent_micros: int | None) -> DataFrame:
    """All items, the one that most users have first.

    Numbered so, the columns of the matrix settle ties by themselves: of two equal scores the
    smaller column is the more popular, or has the smaller item_id.

    Args:
        user_item: user_id x item_id, one row each (``USER_ITEM``).
        recent_micros: an event at this instant or later is recent, microseconds since 1970; None
            where there is no event.

    Returns:
        ``RANKED_ITEMS``; items that nobody has with a positive weight are last.

    Cost: one pass over the cells, shuffles of one row per item; numbering is one task's work.
    """
    require_columns(user_item, USER_ITEM, ["item_id", "weight", "last_at"])
    liked = F.col("weight") > 0
    is_recent = F.unix_micros("last_at") >= F.lit(recent_micros)
    counts = user_item.groupBy("item_id").agg(
        F.count_if(liked).alias("n_users"), F.count_if(liked & is_recent).alias("n_recent")
    )
    entry = F.struct((-F.col("n_users")).alias("order"), "item_id", "n_users", "n_recent")
    return (
        counts.agg(F.array_sort(F.collect_list(entry)).alias("entries"))
        .select(F.posexplode("entries").alias("column_index", "entry"))
        .select("entry.item_id", "column_index", "entry.n_users", "entry.n_recent")
    )


def cells_by_item_rank(user_item: DataFrame, items: DataFrame) -> DataFrame:
    """The users' rows of the matrix: one cell (``distance.CELLS``) per user_id x item_id.

    A weight that isn't positive becomes zero: no part of the user's vector, but she has the item.

    Args:
        user_item: user_id x item_id, one row each (``USER_ITEM``).
        items: ``RANKED_ITEMS`` of the same cells.

    Cost: one join on item_id; the items are broadcast where they are small.
    """
    require_columns(user_item, USER_ITEM, ["user_id", "item_id", "weight"])
    require_columns(items, RANKED_ITEMS, ["item_id", "column_index"])
    positive = F.when(F.col("weight") > 0, F.col("weight")).otherwise(F.lit(0.0))
    return user_item.join(items.select("item_id", "column_index"), "item_id").select(
        F.col("user_id").alias("row_id"), "column_index", positive.cast(DoubleType()).alias("value")
    )
