"""Gain ratio of 50 features: the job beside a loop over the features in pandas."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from benchmarks.frame import Row, measured, tables_in
from cxspark.contracts.features import CUSTOMERS
from cxspark.contracts.trees import FEATURES_GAIN
from cxspark.steps.rank_features import STEP
from cxspark.trees.settings import RankFeaturesSettings

_SEED, _N_ROWS, _CHUNK = 7, 5_000_000, 250_000
# Distinct values of each feature; 0: every row has its own.
_NUMBERS = {f"n{i:02d}": size for i, size in enumerate([100] * 10 + [5_000] * 5 + [0] * 10)}
_CATEGORIES = {f"c{i:02d}": size for i, size in enumerate([3] * 10 + [30] * 10 + [1_000] * 4 + [0])}
_SETTINGS = RankFeaturesSettings(label="label")
Scores = dict[str, tuple[float, float]]


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """The whole job, tables in and out; pandas has one column at a time in memory, read untimed.

    The job makes three passes: for the features' names, for the values' counts, and over those
    numbers that have too many values for that, between quantiles. These must reach 99% of the
    greatest gain; gain and split information of all others must be equal to 1e-9. A twentieth of
    the size comes first, untimed.
    """
    n_rows = max(100_000, int(_N_ROWS * scale))
    with tempfile.TemporaryDirectory() as name:
        for folder, size in ((Path(name) / "small", n_rows // 20), (Path(name) / "full", n_rows)):
            folder.mkdir()
            _write(spark, folder, size)
            with measured() as ours:
                STEP.run(spark, _SETTINGS, tables_in(spark, folder, STEP.name))
        peer_s, theirs = _by_pandas(folder / "rows.parquet")
        found = tables_in(spark, folder, "reader").read(FEATURES_GAIN).collect()
    exact = {row["feature"]: (row["gain"], row["split_info"]) for row in found if row["is_exact"]}
    binned = {row["feature"]: row["gain"] for row in found if not row["is_exact"]}
    equal = all(np.allclose(exact[name], theirs[name], rtol=0, atol=1e-9) for name in exact)
    near = all(0.99 * theirs[name][0] - 1e-4 < binned[name] for name in binned)
    yield Row(
        bench=f"gain, {len(found)} features x {n_rows:,}, 3 passes",
        peer="pandas, feature by feature",
        ours_s=ours.seconds,
        peer_s=peer_s,
        rows=len(found),
        peak_mb=ours.peak_mb,
        equal=equal and near and len(exact) + len(binned) == len(theirs),
    )


def _write(spark: SparkSession, folder: Path, n_rows: int) -> None:
    """Customers as columns, for pandas, and as the table that the job reads."""
    path, rng = folder / "rows.parquet", np.random.default_rng(_SEED)
    for start in range(0, n_rows, _CHUNK):
        table = _make_chunk(rng, start, min(_CHUNK, n_rows - start))
        if start == 0:
            writer = pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()
    categories = [*_CATEGORIES, "label"]
    customers = spark.read.parquet(str(path)).select(
        F.lit("bench").alias("source"),
        F.col("user_id"),
        _map(list(_NUMBERS)).alias("numbers"),
        _map(categories).alias("categories"),
        F.lit("one").alias("load_id"),
        F.monotonically_increasing_id().alias("record_number"),
    )
    tables_in(spark, folder, "bench").overwrite(CUSTOMERS, customers)


def _map(names: list[str]) -> Column:
    entries = [F.struct(F.lit(name).alias("key"), F.col(name).alias("value")) for name in names]
    return F.map_from_entries(F.filter(F.array(*entries), lambda one: one["value"].isNotNull()))


def _make_chunk(rng: np.random.Generator, start: int, size: int) -> pa.Table:
    """Features that tell more of the label, and less; a fiftieth of the values isn't known."""
    taste = rng.normal(size=size)
    label = np.where(taste + rng.normal(size=size) > 1.0, "yes", "no")
    ids = pa.array([f"user-{number:08d}" for number in range(start, start + size)])
    columns = {"user_id": ids, "label": pa.array(label)}
    for place, (name, n_values) in enumerate({**_NUMBERS, **_CATEGORIES}.items()):
        value = taste * (place % 5) / 4 + rng.normal(size=size)
        if n_values:
            value = np.floor(np.clip(value / 8 + 0.5, 0, 0.999999) * n_values)
        missing = rng.random(size) < 0.02
        if name in _NUMBERS:
            columns[name] = pa.array(value, mask=missing)
        elif n_values:
            texts = pa.array([f"value {number}" for number in range(n_values)])
            columns[name] = texts.take(pa.array(value.astype(np.int64), mask=missing))
        else:
            columns[name] = ids
    return pa.table(columns)


def _by_pandas(path: Path) -> tuple[float, Scores]:
    """Seconds without reading, and gain and split information of each feature."""
    labels = pd.read_parquet(path, columns=["label"])["label"]
    seconds, scores = 0.0, {}
    for name in (*_NUMBERS, *_CATEGORIES):
        frame = pd.read_parquet(path, columns=[name]).assign(label=labels)
        start = time.perf_counter()
        scores[name] = _score(frame, name)
        seconds += time.perf_counter() - start
    return seconds, scores


def _score(frame: pd.DataFrame, name: str) -> tuple[float, float]:
    """C4.5's definitions on the counts of pandas."""
    n_rows = len(frame)
    counts = frame.groupby([name, "label"]).size().unstack(fill_value=0).to_numpy(np.float64)
    total = counts.sum(axis=0)
    missing = n_rows - total.sum()
    if name in _NUMBERS:
        left = counts.cumsum(axis=0)[:-1]
        within = _bits(left) + _bits(total - left)
        best = int(within.argmin())
        counts = np.stack([left[best], total - left[best]])
    gain = (_bits(total[None])[0] - _bits(counts).sum()) / n_rows
    branches = np.append(counts.sum(axis=1), missing)
    return float(gain), float(_bits(branches[None])[0] / n_rows)


def _bits(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row of counts its sum times its entropy."""
    inner: NDArray[np.float64] = _n_log_n(counts).sum(axis=1)
    return _n_log_n(counts.sum(axis=1)) - inner


def _n_log_n(n: NDArray[np.float64]) -> NDArray[np.float64]:
    return n * np.log2(np.where(n > 0, n, 1.0))
