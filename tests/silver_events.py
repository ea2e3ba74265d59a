"""Events as the table that recommenders are compared on."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.evaluate_recommenders import STEP

START = datetime(2026, 1, 1, tzinfo=UTC)

# user, item, type, days since START
Event = tuple[str, str, str, float]


def tables_at(spark: SparkSession, folder: Path, run_id: str = "r1") -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, run_id))


def two_tastes(n_users: int = 60, *, each: int = 9, days: float = 100) -> list[Event]:
    """Half of the users take items of one kind, half of another, and go on so."""
    rng = np.random.default_rng(3)
    return [
        (f"u{user:03d}", f"i{20 * (user % 2) + item:02d}", "purchase", float(rng.uniform(0, days)))
        for user in range(n_users)
        for item in rng.choice(20, each, replace=False)
    ]


def write_silver(tables: Tables, events: Iterable[Event]) -> None:
    """The events, with whatever stands in the columns that don't matter here."""
    rows = [(user, item, kind, START + timedelta(days=days)) for user, item, kind, days in events]
    frame = tables.spark.createDataFrame(
        rows, "user_id string, item_id string, event_type string, event_at timestamp"
    )
    tables.overwrite(SILVER_EVENTS, _as_silver(frame))


def _as_silver(frame: DataFrame) -> DataFrame:
    defaults = {"source": F.lit("test"), "load_id": F.lit("l"), "record_number": F.lit(1)}
    for field in SILVER_EVENTS.schema.fields:
        if field.name not in frame.columns:
            value = defaults.get(field.name, F.lit(None))
            frame = frame.withColumn(field.name, value.cast(field.dataType))
    return frame.withColumn("event_key", F.uuid())
