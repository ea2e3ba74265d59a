"""Tables of what is known of customers, and the frame that the analytics jobs take of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
)

from cxspark.contracts.events import BRONZE_EVENTS, LOADS
from cxspark.contracts.settings import Settings
from cxspark.contracts.table import Table, column

_NUMBERS = column(
    "numbers",
    MapType(StringType(), DoubleType(), valueContainsNull=False),
    "name -> finite number; what isn't known isn't there",
)
_CATEGORIES = column(
    "categories",
    MapType(StringType(), StringType(), valueContainsNull=False),
    "name -> text, trimmed, not empty; what isn't known isn't there",
)

BRONZE_CUSTOMERS = replace(
    BRONZE_EVENTS,
    name="bronze.customers",
    grain="one row per raw record of a source's newest snapshot, as it came",
)

SNAPSHOTS = replace(
    LOADS,
    name="ops.snapshots",
    grain="one row per file of a source's newest snapshot",
)

CUSTOMERS = Table(
    name="silver.customers",
    grain="one row per source x user_id, as the source's newest snapshot has it",
    schema=StructType(
        [
            column("source", StringType(), "name of the data source"),
            column("user_id", StringType(), "who; or a session, a machine: what a row describes"),
            _NUMBERS,
            _CATEGORIES,
            column("load_id", StringType(), "fingerprint of the file it came from"),
            column("record_number", LongType(), "place in that file, from 1, header not counted"),
        ]
    ),
    key=("source", "user_id"),
    partition_by=("source",),
)

CUSTOMER_FEATURES = Table(
    name="gold.customer_features",
    grain="one row per source x user_id, derived by a job",
    schema=StructType(
        [
            column("source", StringType(), "what it was derived from: events, ..."),
            column("user_id", StringType(), "who"),
            _NUMBERS,
            _CATEGORIES,
        ]
    ),
    key=("source", "user_id"),
    partition_by=("source",),
)

FEATURE_TABLES = {table.name: table for table in (CUSTOMERS, CUSTOMER_FEATURES)}

FEATURE_ROWS = StructType(
    [
        StructField("user_id", StringType(), False),
        StructField("numbers", ArrayType(DoubleType(), containsNull=True), False),
        StructField("categories", ArrayType(StringType(), containsNull=True), False),
        StructField("label", StringType(), True),
    ]
)
"""One row per user_id: values in the order of `FeatureNames`, null where missing, never NaN."""


@dataclass(frozen=True)
class FeatureNames:
    """What the arrays of `FEATURE_ROWS` hold, in order.

    Attributes:
        numbers: of the numeric features.
        categories: of the others.
    """

    numbers: Sequence[str]
    categories: Sequence[str] = ()


class FeatureChoice(Settings):
    """Which features of which customers a job takes."""

    table: Literal["silver.customers", "gold.customer_features"] = Field(
        "silver.customers", description="where they are"
    )
    source: str | None = Field(None, description="whose; null: of the only source there is")
    numbers: tuple[str, ...] | None = Field(
        None, description="numeric features, in order; null: all there are, by name"
    )
    categories: tuple[str, ...] | None = Field(
        None, description="other features, in order; null: all there are, by name"
    )
    without: tuple[str, ...] = Field((), description="features to leave out where all are taken")
