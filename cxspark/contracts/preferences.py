"""Tables of what users prefer: the matrix, its dictionaries, neighbours and recommendations."""

from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

USER_ITEM = Table(
    name="gold.user_item",
    grain="one row per user_id x item_id",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("item_id", StringType(), "what"),
            column("weight", DoubleType(), "summed event weights, decayed to the table's instant"),
            column("n_events", LongType(), "events that went into the weight"),
            column("first_at", TimestampType(), "the first of them, UTC"),
            column("last_at", TimestampType(), "the last of them, UTC"),
        ]
    ),
    key=("user_id", "item_id"),
    checks={"has_events": "n_events > 0", "in_order": "first_at <= last_at"},
    deletion_vectors=True,
    fed_by=("silver.events",),
)

USER_INDEX = Table(
    name="gold.user_index",
    grain="one row per user_id",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("user_index", IntegerType(), "dense integer from 0; never changes"),
        ]
    ),
    key=("user_id",),
    checks={"not_negative": "user_index >= 0"},
    deletion_vectors=True,
)

ITEM_INDEX = Table(
    name="gold.item_index",
    grain="one row per item_id",
    schema=StructType(
        [
            column("item_id", StringType(), "what"),
            column("item_index", IntegerType(), "dense integer from 0; never changes"),
        ]
    ),
    key=("item_id",),
    checks={"not_negative": "item_index >= 0"},
    deletion_vectors=True,
)

USER_NEIGHBORS = Table(
    name="gold.user_neighbors",
    grain="one row per algorithm x user_id x rank",
    schema=StructType(
        [
            column("algorithm", StringType(), "what found it: user_knn, ..."),
            column("user_id", StringType(), "who"),
            column("rank", IntegerType(), "from 1, the nearest first"),
            column("neighbor_id", StringType(), "the user near her"),
            column("distance", DoubleType(), "in the metric's unit; 0 is the same"),
            column("metric", StringType(), "euclidean, cosine or jaccard"),
        ]
    ),
    key=("algorithm", "user_id", "rank"),
    partition_by=("algorithm",),
    checks={"rank_from_1": "rank >= 1", "not_negative": "distance >= 0"},
)

REASON = StructType(
    [
        StructField(
            "kind", StringType(), False, {"comment": "neighbor, item, popularity or other"}
        ),
        StructField("id", StringType(), False, {"comment": "whose; of other empty"}),
        StructField("distance", DoubleType(), True, {"comment": "how near, where it has one"}),
        StructField("contribution", DoubleType(), False, {"comment": "its part of the score"}),
    ]
)

RECOMMENDATIONS = Table(
    name="gold.recommendations",
    grain="one row per algorithm x user_id x rank",
    schema=StructType(
        [
            column("algorithm", StringType(), "the job's algorithm: user_knn, ..."),
            column("user_id", StringType(), "for whom"),
            column("rank", IntegerType(), "from 1, the best first"),
            column("item_id", StringType(), "what"),
            column("score", DoubleType(), "comparable within one user, algorithm and origin"),
            column("origin", StringType(), "way it came: neighbors, model, fold_in or popular"),
            column(
                "reasons",
                ArrayType(REASON, containsNull=False),
                "why; the contributions add up to the score",
            ),
        ]
    ),
    key=("algorithm", "user_id", "rank"),
    partition_by=("algorithm",),
    checks={"rank_from_1": "rank >= 1"},
)
