"""The table of engineered features of what users did with items."""

from pyspark.sql.types import (
    BooleanType,
    DoubleType,
    LongType,
    StringType,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

INTERACTIONS = Table(
    name="gold.interactions",
    grain="one row per user_id x item_id, as of the table's instant",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("item_id", StringType(), "what"),
            column("n_events", LongType(), "events of any type up to the instant"),
            column("n_views", LongType(), "those that are views"),
            column("n_carts", LongType(), "those that put it into a cart"),
            column("n_purchases", LongType(), "those that are purchases"),
            column("n_returns", LongType(), "those that bring it back"),
            column("n_watches", LongType(), "those of whatever type with a share watched"),
            column(
                "watched_share",
                DoubleType(),
                "seconds watched / seconds of length, 0 to 1; null: no watch",
                nullable=True,
            ),
            column(
                "rating_first",
                DoubleType(),
                "earliest mark, in the source's scale; null: none given",
                nullable=True,
            ),
            column(
                "rating_last",
                DoubleType(),
                "latest mark, in the source's scale; null: none given",
                nullable=True,
            ),
            column(
                "rating_change",
                DoubleType(),
                "latest mark - earliest, 0 where it is one; null: none given",
                nullable=True,
            ),
            column("recency_days", DoubleType(), "days from last_at to the instant"),
            column("first_at", TimestampType(), "the first event, UTC"),
            column("last_at", TimestampType(), "the last event, UTC"),
            column("decayed_weight", DoubleType(), "summed event weights, decayed to the instant"),
            column("weight", DoubleType(), "decayed_weight, scaled down where is_capped"),
            column("is_capped", BooleanType(), "the user's positive weights exceeded the cap"),
        ]
    ),
    key=("user_id", "item_id"),
    checks={
        "has_events": "n_events > 0",
        "in_order": "first_at <= last_at",
        "not_later": "recency_days >= 0",
        "is_share": "watched_share IS NULL OR (watched_share >= 0 AND watched_share <= 1)",
        "share_of_watches": "(watched_share IS NULL) = (n_watches = 0)",
        "counted_once": "n_views + n_carts + n_purchases + n_returns <= n_events",
        "not_raised": "abs(weight) <= abs(decayed_weight)",
    },
)
