"""The user-item matrix from a CSV file, beside DuckDB and beside Spark used plainly."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.frame import Row, measured, tables_in
from cxspark.contracts.preferences import USER_ITEM
from cxspark.matrix.settings import BuildUserItemSettings
from cxspark.matrix.user_item import aggregate_user_item

_N_LINES, _N_USERS, _N_ITEMS = 10_000_000, 200_000, 20_000
_SETTINGS = BuildUserItemSettings()
_WEIGHT = "CASE event_type " + " ".join(
    f"WHEN '{event_type}' THEN {weight}" for event_type, weight in _SETTINGS.weights.items()
)
_QUERY = f"""
    SELECT user_id, item_id, sum({_WEIGHT} ELSE 1.0 END) AS weight, count(*) AS n_events,
           min(event_at) AS first_at, max(event_at) AS last_at
    FROM events GROUP BY user_id, item_id
"""
_TEXT = "user_id string, item_id string, event_type string, event_at string"
_TYPED = _TEXT.replace("event_at string", "event_at timestamp")


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """CSV in, a Delta table out, beside DuckDB's CSV in and Parquet out.

    A small run of each Spark comes first, untimed: the first job of a session waits for Spark's
    own code to be loaded and compiled, some seconds that belong to the session's start.
    """
    n_lines = int(_N_LINES * scale)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, file = folder / "few.csv", folder / "events.csv"
        write_csv(few, make_events(n_lines // 100))
        tables_in(spark, folder / "few", "build_user_item").overwrite(USER_ITEM, _cells(spark, few))
        _naive_spark(spark, few)
        write_csv(file, make_events(n_lines))
        tables = tables_in(spark, folder / "tables", "build_user_item")
        with measured() as ours:
            tables.overwrite(USER_ITEM, _cells(spark, file))
        (written,) = tables.run.outputs
        found = tables.read(USER_ITEM)
        for peer, seconds, expected in (
            (f"DuckDB, {os.cpu_count()} threads", _duckdb(file), folder / "duckdb.parquet"),
            ("naive Spark", _naive_spark(spark, file), folder / "events.naive"),
        ):
            yield Row(
                bench=f"matrix from {n_lines:,} CSV lines",
                peer=peer,
                ours_s=ours.seconds,
                peer_s=seconds,
                rows=written.n_rows,
                peak_mb=ours.peak_mb,
                equal=same_cells(found, spark.read.parquet(str(expected))),
            )


def make_events(n_lines: int, *, seed: int = 7) -> pa.Table:
    """Events in order of time: a few users are very active, a few items very popular."""
    rng = np.random.default_rng(seed)
    share = n_lines / _N_LINES
    n_users, n_items = (max(100, int(n * min(1.0, share))) for n in (_N_USERS, _N_ITEMS))
    kinds = pa.array(rng.choice(3, n_lines, p=(0.8, 0.13, 0.07)).astype(np.int32))
    seconds = np.sort(rng.integers(0, 90 * 86_400, n_lines)).astype("timedelta64[s]")
    return pa.table(
        {
            "user_id": pc.cast(
                pa.array((n_users * rng.random(n_lines) ** 1.5).astype(int)), "string"
            ),
            "item_id": pc.cast(
                pa.array((n_items * rng.random(n_lines) ** 2).astype(int)), "string"
            ),
            "event_type": pa.array(["view", "cart", "purchase"]).take(kinds),
            "event_at": pa.array(np.datetime64("2026-01-01", "s") + seconds),
        }
    )


def write_csv(file: Path, events: pa.Table) -> None:
    """The events as text, as a shop's log has them."""
    moments = pc.strftime(events["event_at"], format="%Y-%m-%d %H:%M:%S")
    events = events.set_column(3, "event_at", moments)
    pa_csv.write_csv(events, file, pa_csv.WriteOptions(quoting_style="none"))


def same_cells(found: DataFrame, expected: DataFrame) -> bool:
    """Whether two matrices have the same cells."""
    columns = ("weight", "n_events", "first_at", "last_at")
    pairs = found.alias("a").join(expected.alias("b"), ["user_id", "item_id"], "full")
    differs = [~F.col(f"a.{name}").eqNullSafe(F.col(f"b.{name}")) for name in columns]
    return pairs.where(differs[0] | differs[1] | differs[2] | differs[3]).isEmpty()


def _cells(spark: SparkSession, file: Path) -> DataFrame:
    """As the job has it. Text is cast once parsed: Spark's CSV reader is slower at instants."""
    lines = spark.read.schema(_TEXT).option("header", True).csv(str(file))
    events = lines.withColumn("event_at", F.col("event_at").cast("timestamp"))
    return aggregate_user_item(
        events, weights=_SETTINGS.weights, other_weight=_SETTINGS.other_weight
    )


def _duckdb(file: Path) -> float:
    start = time.perf_counter()
    with duckdb.connect(config={"threads": os.cpu_count() or 1}) as database:
        events = f"read_csv('{file}', types={{'user_id': 'VARCHAR', 'item_id': 'VARCHAR'}})"
        query = _QUERY.replace("FROM events", f"FROM {events}")
        database.execute("SET TimeZone = 'UTC'")
        database.execute(f"COPY ({query}) TO '{file.with_name('duckdb.parquet')}'")
    return time.perf_counter() - start


def _naive_spark(spark: SparkSession, file: Path) -> float:
    start = time.perf_counter()
    events = spark.read.schema(_TYPED).option("header", True).csv(str(file))
    spark.sql(_QUERY.replace("FROM events", "FROM {events}"), events=events).write.parquet(
        str(file.with_name(f"{file.stem}.naive"))
    )
    return time.perf_counter() - start
