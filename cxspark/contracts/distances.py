"""The table of distances between customers."""

from pyspark.sql.types import DoubleType, IntegerType, StringType, StructType

from cxspark.contracts.table import Table, column

DISTANCES = Table(
    name="gold.distances",
    grain="one row per source x mode x metric x scale x from_id x to_id",
    schema=StructType(
        [
            column("source", StringType(), "whose customers they are"),
            column("mode", StringType(), "all_pairs, between, to_mean or nearest"),
            column("metric", StringType(), "euclidean or mahalanobis"),
            column("scale", StringType(), "of the features: none, standard or minmax"),
            column("from_id", StringType(), "user_id; of all_pairs the smaller one, in text order"),
            column("to_id", StringType(), "user_id; by to_mean a group, all where there is one"),
            column("rank", IntegerType(), "by nearest, from 1; ties by to_id", nullable=True),
            column("distance", DoubleType(), "0 is the same; without unit where scaled"),
        ]
    ),
    key=("source", "mode", "metric", "scale", "from_id", "to_id"),
    partition_by=("source",),
    checks={"not_negative": "distance >= 0", "rank_from_1": "rank IS NULL OR rank >= 1"},
)
