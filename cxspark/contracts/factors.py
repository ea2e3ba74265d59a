"""Tables of what models learn: users and items as vectors, and the models themselves."""

from pyspark.sql.types import (
    ArrayType,
    FloatType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

_VECTOR = ArrayType(FloatType(), containsNull=False)

USER_FACTORS = Table(
    name="gold.user_factors",
    grain="one row per algorithm x user_id",
    schema=StructType(
        [
            column("algorithm", StringType(), "what learnt it: als, ..."),
            column("user_id", StringType(), "who"),
            column("user_index", IntegerType(), "her integer in gold.user_index"),
            column("factors", _VECTOR, "as many for all users and items of an algorithm"),
        ]
    ),
    key=("algorithm", "user_id"),
    partition_by=("algorithm",),
)

ITEM_FACTORS = Table(
    name="gold.item_factors",
    grain="one row per algorithm x item_id",
    schema=StructType(
        [
            column("algorithm", StringType(), "what learnt it: als, ..."),
            column("item_id", StringType(), "what"),
            column("item_index", IntegerType(), "its integer in gold.item_index"),
            column("n_users", LongType(), "users with a positive weight when it was learnt"),
            column("n_recent", LongType(), "those of them with an event in the last days"),
            column("factors", _VECTOR, "as many for all users and items of an algorithm"),
        ]
    ),
    key=("algorithm", "item_id"),
    partition_by=("algorithm",),
)

INPUT = StructType(
    [
        StructField("table", StringType(), False, {"comment": "layer.name"}),
        StructField("version", LongType(), False, {"comment": "Delta's version that was read"}),
        StructField("n_rows", LongType(), False, {"comment": "its rows"}),
    ]
)

MODELS = Table(
    name="gold.models",
    grain="one row per algorithm x run_id; written last, so that a model with a row is complete",
    schema=StructType(
        [
            column("algorithm", StringType(), "als, ..."),
            column("run_id", StringType(), "the run that trained it"),
            column("trained_at", TimestampType(), "when that run started, UTC"),
            column("settings", StringType(), "JSON: the job's settings"),
            column("metrics", StringType(), "JSON: what was measured in training"),
            column("inputs", ArrayType(INPUT, containsNull=False), "what it was learnt from"),
            column("user_factors_version", LongType(), "of gold.user_factors, with its users"),
            column("item_factors_version", LongType(), "of gold.item_factors, with its items"),
        ]
    ),
    key=("algorithm", "run_id"),
    partition_by=("algorithm",),
)

ITEM_AVAILABILITY = Table(
    name="silver.item_availability",
    grain="one row per item_id that isn't always available; kept by the shop, not by a job",
    schema=StructType(
        [
            column("item_id", StringType(), "what"),
            column("available_from", TimestampType(), "from then on; null: ever", nullable=True),
            column("available_until", TimestampType(), "before then; null: on", nullable=True),
        ]
    ),
    key=("item_id",),
)
