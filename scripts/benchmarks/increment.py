"""A day's increment of the user-item matrix beside building it anew."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.frame import Measure, Row, measured, tables_in
from benchmarks.matrix import make_events, same_cells
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.matrix.settings import BuildUserItemSettings
from cxspark.steps.build_user_item import STEP

_N_LINES, _SHARE = 10_000_000, 0.01


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """The newest 1% of the events merged into the matrix of the others."""
    n_lines = int(_N_LINES * scale)
    n_new = max(1, int(n_lines * _SHARE))
    events = make_events(n_lines)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _load(spark, folder, "history", events.slice(0, n_lines - n_new))
        _build(spark, folder)
        _load(spark, folder, "today", events.slice(n_lines - n_new))
        increment, n_cells = _build(spark, folder)
        merged = tables_in(spark, folder, "reader").read(USER_ITEM)
        anew, _ = _build(spark, folder, rebuild=True)
        yield Row(
            bench=f"increment of {n_new:,} events",
            peer=f"building from all {n_lines:,}",
            ours_s=increment.seconds,
            peer_s=anew.seconds,
            rows=n_cells,
            peak_mb=increment.peak_mb,
            equal=same_cells(merged, tables_in(spark, folder, "reader").read(USER_ITEM)),
        )


def _build(spark: SparkSession, folder: Path, *, rebuild: bool = False) -> tuple[Measure, int]:
    tables = tables_in(spark, folder, STEP.name)
    with measured() as measure:
        STEP.run(spark, BuildUserItemSettings(rebuild=rebuild), tables)
    return measure, tables.run.outputs[-1].n_rows


def _load(spark: SparkSession, folder: Path, load_id: str, events: pa.Table) -> None:
    """The events as one load of silver.events."""
    file = folder / f"{load_id}.parquet"
    pq.write_table(events, file)
    nothing = {"channel": "string", "quantity": "double", "amount": "double", "item_name": "string"}
    silver = spark.read.parquet(str(file)).withColumns(
        {
            "source": F.lit("bench"),
            "event_key": F.expr("uuid()"),
            **{name: F.lit(None).cast(kind) for name, kind in nothing.items()},
            "event_at": F.col("event_at").cast("timestamp"),
            "load_id": F.lit(load_id),
            "record_number": F.monotonically_increasing_id(),
        }
    )
    tables = tables_in(spark, folder, "ingest_events")
    tables.overwrite(
        SILVER_EVENTS, silver.select(*SILVER_EVENTS.columns), where=f"load_id = '{load_id}'"
    )
