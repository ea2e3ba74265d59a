"""k-NN classification beside scikit-learn's, both exact, with as many cores."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.frame import Measure, Row, measured, tables_in
from cxspark.contracts.classes import CLASSES
from cxspark.contracts.features import CUSTOMERS
from cxspark.neighbors.settings import ClassifyKnnSettings
from cxspark.steps.classify_knn import STEP

_SEED, _N_POINTS, _N_FEATURES, _N_CLASSES, _K = 7, 100_000, 20, 4, 5
_WARM_UPS, _WARM_POINTS = 3, 2_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Points with a class each, and as many without.

    Attributes:
        points: those with a class, then those without.
        kinds: of the first half.
    """

    points: Floats
    kinds: NDArray[np.int64]

    @classmethod
    def of_size(cls, n_points: int) -> "World":
        """Of each class a cloud of points; the clouds overlap."""
        rng = np.random.default_rng(_SEED)
        kinds = rng.integers(0, _N_CLASSES, 2 * n_points)
        centres = rng.normal(size=(_N_CLASSES, _N_FEATURES))
        points = centres[kinds] + rng.normal(size=(2 * n_points, _N_FEATURES))
        return cls(points, kinds[:n_points])

    def write(self, spark: SparkSession, folder: Path) -> None:
        """As customers of one source."""
        n_rows, n_labelled = len(self.points), len(self.kinds)
        numbers = pa.MapArray.from_arrays(
            pa.array(np.arange(n_rows + 1) * _N_FEATURES, pa.int32()),
            pa.array(np.tile([f"f{number:02d}" for number in range(_N_FEATURES)], n_rows)),
            pa.array(self.points.ravel()),
        )
        has_kind = np.arange(n_rows) < n_labelled
        categories = pa.MapArray.from_arrays(
            pa.array(np.concatenate([[0], np.cumsum(has_kind)]), pa.int32()),
            pa.array(["kind"] * n_labelled),
            pa.array(self.kinds.astype(str)),
        )
        columns = {
            "source": pa.repeat("bench", n_rows),
            "user_id": [f"user-{number:06d}" for number in range(n_rows)],
            "numbers": numbers,
            "categories": categories,
            "load_id": pa.repeat("l", n_rows),
            "record_number": np.arange(n_rows),
        }
        pq.write_table(pa.table(columns), folder / "customers.parquet", row_group_size=20_000)
        rows = spark.read.parquet(str(folder / "customers.parquet"))
        tables_in(spark, folder, "bench").overwrite(CUSTOMERS, rows.select(*CUSTOMERS.columns))

    def by_the_job(self, spark: SparkSession) -> tuple[Measure, Floats]:
        """What the job took, and its shares: points without a class x classes."""
        with tempfile.TemporaryDirectory() as name:
            self.write(spark, Path(name))
            settings = ClassifyKnnSettings(label="kind", k=_K, scale="none", protocols=())
            tables = tables_in(spark, Path(name), STEP.name)
            with measured() as ours:
                STEP.run(spark, settings, tables)
            rows = tables_in(spark, Path(name), "reader").read(CLASSES).orderBy("user_id")
            kinds = [
                f"coalesce(try_element_at(probabilities, '{k}'), 0D)" for k in range(_N_CLASSES)
            ]
            found = rows.selectExpr(*kinds).toArrow()
        return ours, np.column_stack([part.to_numpy() for part in found.columns])

    def by_peer(self) -> tuple[Measure, Floats]:
        """What scikit-learn took, arrays in memory, and its shares."""
        model = KNeighborsClassifier(n_neighbors=_K, algorithm="brute", n_jobs=os.cpu_count())
        with measured() as peer:
            model.fit(self.points[: len(self.kinds)], self.kinds)
            shares = model.predict_proba(self.points[len(self.kinds) :])
        return peer, shares


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """The whole job, from the customers' table to the tables of classes and confusions.

    As many points are told as have a class; nothing is judged. Some small runs come first, untimed.
    The second row has the CPU seconds of both, which don't depend on who else uses the machine.
    """
    for _ in range(_WARM_UPS):
        World.of_size(_WARM_POINTS).by_the_job(spark)
    n_points = max(_WARM_POINTS, int(_N_POINTS * scale))
    world = World.of_size(n_points)
    ours, shares = world.by_the_job(spark)
    peer, expected = world.by_peer()
    equal = bool(np.allclose(shares, expected, rtol=0.0, atol=1e-12))
    size = f"{n_points:,} by {n_points:,}, k={_K}"
    name = f"scikit-learn brute, {os.cpu_count()} cores"
    for bench, ours_s, peer_s in (
        (f"classify {size}", ours.seconds, peer.seconds),
        ("the same, CPU seconds", ours.cpu_seconds, peer.cpu_seconds),
    ):
        yield Row(bench, name, ours_s, peer_s, len(shares), ours.peak_mb, equal)
