"""Tables of clusters of customers."""

from pyspark.sql.types import (
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructType,
)

from cxspark.contracts.table import Table, column

_BY_FEATURE = MapType(StringType(), DoubleType(), valueContainsNull=False)

CLUSTERS = Table(
    name="gold.clusters",
    grain="one row per source x user_id whose features are all known",
    schema=StructType(
        [
            column("source", StringType(), "whose customers"),
            column("user_id", StringType(), "who"),
            column("cluster", IntegerType(), "from 1, the largest first"),
            column("distance", DoubleType(), "Euclidean, to its centre, in scaled units"),
        ]
    ),
    key=("source", "user_id"),
    checks={"cluster_from_1": "cluster >= 1", "distance_not_negative": "distance >= 0"},
    partition_by=("source",),
)

CLUSTER_CENTERS = Table(
    name="gold.cluster_centers",
    grain="one row per source x cluster",
    schema=StructType(
        [
            column("source", StringType(), "whose customers"),
            column("cluster", IntegerType(), "from 1, the largest first"),
            column("n_users", LongType(), "customers in it, at least one"),
            column("center", _BY_FEATURE, "feature -> value, in the feature's own unit"),
            column(
                "deviations", _BY_FEATURE, "feature -> standard deviations from all customers' mean"
            ),
            column("sse", DoubleType(), "its customers' squared distances, in scaled units"),
        ]
    ),
    key=("source", "cluster"),
    partition_by=("source",),
)

CLUSTER_TRIALS = Table(
    name="gold.cluster_trials",
    grain="one row per source x k x seed",
    schema=StructType(
        [
            column("source", StringType(), "whose customers"),
            column("k", IntegerType(), "clusters asked for"),
            column("seed", LongType(), "of the centres it started from"),
            column("n_clusters", IntegerType(), "clusters found: those that have customers"),
            column("sse", DoubleType(), "sum of squared distances to the centres, scaled units"),
            column(
                "silhouette",
                DoubleType(),
                "mean over customers, of squared Euclidean distances, -1 to 1, more is better; "
                "null where there is one cluster",
                nullable=True,
            ),
            column(
                "davies_bouldin",
                DoubleType(),
                "how near clusters are for their width, less is better; null as above",
                nullable=True,
            ),
            column("is_chosen", BooleanType(), "whether gold.clusters is of this trial"),
            column("reason", StringType(), "why it was chosen; null of the others", nullable=True),
        ]
    ),
    key=("source", "k", "seed"),
    partition_by=("source",),
)
