"""The frames that evaluation works on."""

from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

EVENTS = Table(
    name="events",
    grain="one row per event; further columns are let through",
    schema=StructType(
        [
            column("user_id", StringType(), "who acted"),
            column("item_id", StringType(), "on what"),
            column("event_at", TimestampType(), "when, UTC"),
        ]
    ),
    key=(),
)

RECOMMENDED = Table(
    name="recommended",
    grain="one row per algorithm x user_id x rank; further columns are let through",
    schema=StructType(
        [
            column("algorithm", StringType(), "what recommends"),
            column("user_id", StringType(), "to whom"),
            column("rank", IntegerType(), "from 1, the best first"),
            column("item_id", StringType(), "what"),
        ]
    ),
    key=("algorithm", "user_id", "rank"),
)

HELD_OUT = Table(
    name="held out",
    grain="one row per user_id x item_id",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("item_id", StringType(), "what the user took in the test window"),
        ]
    ),
    key=("user_id", "item_id"),
)

HITS = Table(
    name="hits",
    grain="one row per algorithm x user_id",
    schema=StructType(
        [
            column("algorithm", StringType(), "what recommends"),
            column("user_id", StringType(), "a user with something held out"),
            column(
                "hit_ranks",
                ArrayType(IntegerType(), containsNull=False),
                "ranks of recommended items that are held out, ascending",
            ),
            column("n_relevant", IntegerType(), "items held out, at least 1"),
            column("n_recommended", LongType(), "places filled, at most k; 0 where there are none"),
        ]
    ),
    key=("algorithm", "user_id"),
)

ITEM_POPULARITY = Table(
    name="item popularity",
    grain="one row per item_id that anyone has in training",
    schema=StructType(
        [
            column("item_id", StringType(), "what"),
            column("n_users", LongType(), "users who have it"),
            column("user_share", DoubleType(), "those users' share of all users in training"),
        ]
    ),
    key=("item_id",),
)
