"""Tables of what tells customers apart."""

from pyspark.sql.types import (
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructType,
)

from cxspark.contracts.table import Table, column

FEATURES_GAIN = Table(
    name="gold.features_gain",
    grain="one row per source x label x kind x feature",
    schema=StructType(
        [
            column("source", StringType(), "whose customers"),
            column("label", StringType(), "the feature that the others are to tell"),
            column("feature", StringType(), "its name"),
            column("kind", StringType(), "number or category"),
            column(
                "threshold",
                DoubleType(),
                "of a number: up to it one branch, above it the other; null where nothing splits",
                nullable=True,
            ),
            column("is_exact", BooleanType(), "whether every threshold was tried"),
            column("n_rows", LongType(), "customers with a label"),
            column("n_missing", LongType(), "of them, those whose value isn't known"),
            column(
                "n_values",
                LongType(),
                "distinct values; null where they weren't counted one by one",
                nullable=True,
            ),
            column("entropy", DoubleType(), "of the label where the value is known, bits"),
            column("gain", DoubleType(), "bits of it that the feature tells, x the known share"),
            column(
                "split_info", DoubleType(), "entropy of the branches, the unknown one too, bits"
            ),
            column("gain_ratio", DoubleType(), "gain / split_info; 0 where that is 0"),
            column("rank", IntegerType(), "by gain_ratio, from 1"),
            column("is_identifier", BooleanType(), "whether nearly every row has its own value"),
        ]
    ),
    key=("source", "label", "kind", "feature"),
    checks={
        "known_kind": "kind IN ('number', 'category')",
        "gain_not_negative": "gain >= 0",
        "rank_from_1": "rank >= 1",
    },
    partition_by=("source",),
)
