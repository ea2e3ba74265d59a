"""Tables of segments: clusters of customers with a name, and what becomes of them."""

from pyspark.sql.types import (
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

_SOURCE = column("source", StringType(), "whose customers")
_AS_OF = column("as_of", TimestampType(), "the instant it was so, UTC")

SEGMENTS = Table(
    name="gold.segments",
    grain="one row per source x user_id whose features are all known, as of the newest run",
    schema=StructType(
        [
            _SOURCE,
            column("user_id", StringType(), "who"),
            column("segment", StringType(), "its name, by the first rule that its cluster meets"),
            column("cluster", IntegerType(), "from 1, the largest first"),
            column("strategy", StringType(), "what to do for her, as the rule says"),
            column("reason", StringType(), "the rule that fired, and by which values"),
            _AS_OF,
        ]
    ),
    key=("source", "user_id"),
    checks={"cluster_from_1": "cluster >= 1"},
    partition_by=("source",),
)

SEGMENT_PROFILES = Table(
    name="gold.segment_profiles",
    grain="one row per source x segment x feature",
    schema=StructType(
        [
            _SOURCE,
            _AS_OF,
            column("segment", StringType(), "its name"),
            column("n_users", LongType(), "customers in it"),
            column("share_users", DoubleType(), "their part of all customers, 0 to 1"),
            column("feature", StringType(), "a number known of customers"),
            column("mean", DoubleType(), "of its customers, null where none has it", nullable=True),
            column("median", DoubleType(), "the lower of two; null as the mean", nullable=True),
            column(
                "deviation",
                DoubleType(),
                "its mean less all customers' mean, in their standard deviations; null as the mean",
                nullable=True,
            ),
            column(
                "share_total",
                DoubleType(),
                "its part of the feature's sum over all customers: of value, where that's money; "
                "null where the sum isn't positive",
                nullable=True,
            ),
        ]
    ),
    key=("source", "segment", "feature"),
    partition_by=("source",),
)

SEGMENT_MOVES = Table(
    name="gold.segment_moves",
    grain="one row per source x to_as_of x pair of segments that customers have been in",
    schema=StructType(
        [
            _SOURCE,
            column("from_segment", StringType(), "before; null: was in none", nullable=True),
            column("to_segment", StringType(), "afterwards; null: is in none", nullable=True),
            column("n_users", LongType(), "customers who were in one and are in the other"),
            column("share", DoubleType(), "their part of all who were in from_segment"),
            column("from_as_of", TimestampType(), "the instant before, UTC"),
            column("to_as_of", TimestampType(), "the instant afterwards, UTC"),
        ]
    ),
    key=("source", "to_as_of", "from_segment", "to_segment"),
    checks={"was_or_is": "from_segment IS NOT NULL OR to_segment IS NOT NULL"},
    partition_by=("source",),
)

SEGMENT_RUNS = Table(
    name="gold.segment_runs",
    grain="one row per source x as_of",
    schema=StructType(
        [
            _SOURCE,
            _AS_OF,
            column("run_id", StringType(), "the run that made the segments"),
            column("k", IntegerType(), "clusters"),
            column("n_users", LongType(), "customers in a segment"),
            column("n_left_out", LongType(), "customers who lack a feature"),
            column("sse", DoubleType(), "squared distances to the centres, in scaled units"),
            column("silhouette", DoubleType(), "-1 to 1; null where one cluster is", nullable=True),
            column("davies_bouldin", DoubleType(), "less is better; null as above", nullable=True),
            column("value_feature", StringType(), "what customers' value is", nullable=True),
            column("from_as_of", TimestampType(), "the run before; null: none", nullable=True),
            column(
                "adjusted_rand",
                DoubleType(),
                "how alike the segments are to those before, of customers in both: 1 the same, 0 "
                "as by chance; null where there is none",
                nullable=True,
            ),
        ]
    ),
    key=("source", "as_of"),
    partition_by=("source",),
)
