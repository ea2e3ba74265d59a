"""Tables of what customers are told to be, and of how often that is right."""

from pyspark.sql.types import DoubleType, LongType, MapType, StringType, StructType

from cxspark.contracts.table import Table, column

_RUN = [
    column("source", StringType(), "whose customers they are"),
    column("algorithm", StringType(), "what told the class: knn, ..."),
    column("label_name", StringType(), "the feature that is told"),
    column(
        "protocol",
        StringType(),
        "leave_one_out: by all others that have a label; held_out: by those that weren't held out; "
        "applied: who has no label, by all who have one",
    ),
]

CLASSES = Table(
    name="gold.classes",
    grain="one row per source x algorithm x label_name x protocol x user_id",
    schema=StructType(
        [
            *_RUN,
            column("user_id", StringType(), "who"),
            column("actual", StringType(), "the label; null where there is none", nullable=True),
            column("predicted", StringType(), "the class told"),
            column(
                "probabilities",
                MapType(StringType(), DoubleType(), valueContainsNull=False),
                "class -> share of the votes, above 0; they add up to 1",
            ),
        ]
    ),
    key=("source", "algorithm", "label_name", "protocol", "user_id"),
    partition_by=("source", "algorithm"),
)

CONFUSIONS = Table(
    name="gold.confusions",
    grain="one row per source x algorithm x label_name x protocol x actual x predicted",
    schema=StructType(
        [
            *_RUN,
            column("actual", StringType(), "the label"),
            column("predicted", StringType(), "the class told"),
            column("n_users", LongType(), "customers, at least 1"),
        ]
    ),
    key=("source", "algorithm", "label_name", "protocol", "actual", "predicted"),
    partition_by=("source", "algorithm"),
    checks={"has_users": "n_users >= 1"},
)
