"""K-Means: the suite's fit beside scikit-learn's, at an equal sum of squared errors."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sklearn.cluster import KMeans

from benchmarks.frame import Row, measured
from cxspark.segmentation.cluster_kernel import Matrix, nearest
from cxspark.segmentation.clusters import fit_centres

_SEED, _N_POINTS, _N_FEATURES, _K = 7, 1_000_000, 10, 5
_WARM_UPS = 2
_GROWTH = 10


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """Fits of points in memory, theirs and ours, each from one start of its own kind.

    The second row has ten times the points; its peer is the first row's fit, ten times over: a
    ratio of 1 or more is growth that is no worse than linear.
    """
    n_points = max(1000, int(_N_POINTS * scale))
    points = _clouds(n_points)
    start = time.perf_counter()
    peer = KMeans(_K, n_init=1, random_state=_SEED).fit(points)
    peer_s = time.perf_counter() - start
    ours_s, peak_mb, error = _fit(spark, points)
    name = f"k-means, {n_points:,} x {_N_FEATURES}, k={_K}, fit"
    sklearn = f"scikit-learn, {os.cpu_count()} threads, n_init=1"
    equal = bool(np.isclose(error, peer.inertia_, rtol=1e-3))
    yield Row(name, sklearn, ours_s, peer_s, n_points, peak_mb, equal)
    more = _clouds(_GROWTH * n_points)
    more_s, peak_mb, error = _fit(spark, more)
    expected = KMeans(_K, n_init=1, init=peer.cluster_centers_).fit(more).inertia_
    name = f"k-means, {_GROWTH * n_points:,} x {_N_FEATURES}, fit"
    equal = bool(np.isclose(error, expected, rtol=1e-3))
    yield Row(
        name, f"{_GROWTH} x the row above", more_s, _GROWTH * ours_s, len(more), peak_mb, equal
    )


def _clouds(n_points: int) -> Matrix:
    """Points about five centres, near enough to each other that it takes some iterations."""
    rng = np.random.default_rng(_SEED)
    centres = 3 * rng.standard_normal((_K, _N_FEATURES))
    return centres[rng.integers(0, _K, n_points)] + rng.standard_normal((n_points, _N_FEATURES))


def _fit(spark: SparkSession, points: Matrix) -> tuple[float, float, float]:
    """Seconds of a fit, the workers' peak memory, and the sum of squared errors."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "points.parquet")
        starts = pa.array(np.arange(len(points) + 1) * _N_FEATURES, pa.int32())
        values = pa.ListArray.from_arrays(starts, pa.array(points.ravel()))
        pq.write_table(pa.table({"point": values}), file, row_group_size=100_000)
        frame = _persisted(spark.read.parquet(str(file)))
        for _ in range(_WARM_UPS):
            fit_centres(frame, k=_K, seed=_SEED, iterations=3)
        with measured() as ours:
            centres = fit_centres(frame, k=_K, seed=_SEED)
        frame.unpersist()
    parts = np.array_split(points, max(1, len(points) // 100_000))
    return ours.seconds, ours.peak_mb, float(sum(nearest(part, centres)[1].sum() for part in parts))


def _persisted(points: DataFrame) -> DataFrame:
    frame = points.select(array_to_vector(F.col("point")).alias("point")).persist()
    frame.count()
    return frame
