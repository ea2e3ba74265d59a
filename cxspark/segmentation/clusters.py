"""K-Means: trials with several numbers of clusters and seeds, and what each is worth."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.ml.clustering import KMeans
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, IntegerType, StructField, StructType

from cxspark.segmentation.cluster_kernel import (
    SQUARES,
    Matrix,
    N,
    davies_bouldin,
    nearest,
    sum_silhouettes,
    tally,
)

_SUMS = StructType(
    [
        StructField("trial", IntegerType(), False),
        StructField("cluster", IntegerType(), False),
        StructField("part", IntegerType(), False),
        StructField("value", DoubleType(), False),
    ]
)
_ASSIGNED = "user_id string, cluster int, distance double"
# MLlib's solver of blocks breaks where the start finds fewer centres than were asked for, which it
# does where few points differ: then the other solver is taken, which gives fewer clusters. Of many
# different points each step of the start picks 2k by chance: two steps, the default, pick none once
# in 3,000 fits of two clusters. Thirty picks are never too few.
_PICKS = 30
# What a worker has in its hands beside the points: points x clusters, a few times over.
_POINTS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Trial:
    """One fit of K-Means. Its clusters are numbered by size, the largest first, ties by centre.

    Attributes:
        k: clusters asked for.
        seed: of the centres it started from.
        centres: cluster x feature, in scaled units; of clusters that have points, so fewer than k
            where points are few or alike.
        sizes: points of each cluster.
        errors: the sum of squared distances to the centre, of each cluster.
        silhouette: of all points; None where there is one cluster.
        davies_bouldin: None where there is one cluster.
    """

    k: int
    seed: int
    centres: Matrix
    sizes: Sequence[int]
    errors: Sequence[float]
    silhouette: float | None
    davies_bouldin: float | None

    @property
    def n_clusters(self) -> int:
        """Clusters found."""
        return len(self.sizes)

    @property
    def sse(self) -> float:
        """The sum of squared distances to the centres."""
        return sum(self.errors)


def fit_centres(
    points: DataFrame, *, k: int, seed: int, iterations: int = 50, tolerance: float = 1e-4
) -> Matrix:
    """The centres that MLlib's K-Means finds, from a start by k-means|| (Bahmani et al. 2012).

    Args:
        points: a column `point`, vectors; best persisted: the start looks at them some five times.
        k: clusters asked for, from 2; there may be fewer.
        seed: of the start. The same points, in the same partitions, give the same centres.
        iterations: at most.
        tolerance: it ends when no centre moves further.

    Cost: a pass for each iteration. Distances of a block of points at once, as one product of
    matrices: a fifth of the time of MLlib's default, point by point, which is taken where few
    points differ.
    """
    n_different = points.select("point").limit(100 * k).distinct().count()
    model = KMeans(
        featuresCol="point",
        k=k,
        seed=seed,
        initSteps=max(2, math.ceil(_PICKS / (2 * k))),
        maxIter=iterations,
        tol=tolerance,
        solver="block" if n_different >= 20 * k else "row",
    ).fit(points.select("point"))
    return np.array(model.clusterCenters(), np.float64)


def fit_trials(
    points: DataFrame,
    *,
    ks: Sequence[int],
    seeds: Sequence[int],
    iterations: int = 50,
    tolerance: float = 1e-4,
) -> list[Trial]:
    """A trial for each number of clusters and seed.

    Args:
        points: user_id, point; persisted.
        ks: numbers of clusters, from 2.
        seeds: of each.
        iterations: of one trial, at most.
        tolerance: a trial ends when no centre moves further.

    Cost: of each trial that of `fit_centres`; all are measured in two further passes together.
    """
    asked = [(k, seed) for k in ks for seed in seeds]
    found = [
        fit_centres(points, k=k, seed=seed, iterations=iterations, tolerance=tolerance)
        for k, seed in asked
    ]
    centres, tallied = [], []
    for model, sums in zip(found, _sum_up(points, _tallies(found)), strict=True):
        order = _by_size(model, sums)
        centres.append(model[order])
        tallied.append(sums[order])
    silhouettes = _sum_up(points, _silhouettes(centres, tallied))
    trials = []
    for (k, seed), model, sums, silhouette in zip(
        asked, centres, tallied, silhouettes, strict=True
    ):
        is_told = len(model) > 1
        trials.append(
            Trial(
                k=k,
                seed=seed,
                centres=model,
                sizes=[round(size) for size in sums[:, N]],
                errors=[float(error) for error in sums[:, SQUARES]],
                silhouette=float(silhouette[0, 0] / sums[:, N].sum()) if is_told else None,
                davies_bouldin=davies_bouldin(model, sums) if is_told else None,
            )
        )
    return trials


def assign_clusters(points: DataFrame, centres: Matrix) -> DataFrame:
    """One row per user_id: cluster, the number of the nearest centre from 1, and its distance.

    Of equally near centres the first. Cost: one pass through the workers, no shuffle.
    """

    def assign(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            labels, squares = nearest(_as_matrix(batch.column("point")), centres)
            yield pa.record_batch(
                [batch.column("user_id"), (labels + 1).astype(np.int32), np.sqrt(squares)],
                ["user_id", "cluster", "distance"],
            )

    arrays = points.select("user_id", vector_to_array(F.col("point")).alias("point"))
    return arrays.mapInArrow(assign, _ASSIGNED).select("user_id", "cluster", "distance")


Measure = Callable[[Matrix], list[Matrix]]


def _tallies(models: Sequence[Matrix]) -> Measure:
    return lambda points: [tally(points, centres) for centres in models]


def _silhouettes(models: Sequence[Matrix], tallied: Sequence[Matrix]) -> Measure:
    def measure(points: Matrix) -> list[Matrix]:
        return [
            np.array([[sum_silhouettes(points, centres, sums) if len(centres) > 1 else 0.0]])
            for centres, sums in zip(models, tallied, strict=True)
        ]

    return measure


def _sum_up(points: DataFrame, measure: Measure) -> list[Matrix]:
    """What is measured of points, trial by trial, summed over all of them in one pass."""

    def of_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        total: list[Matrix] = []
        for batch in batches:
            matrix = _as_matrix(batch.column("point"))
            for start in range(0, len(matrix), _POINTS_AT_ONCE):
                more = measure(matrix[start : start + _POINTS_AT_ONCE])
                total = [a + b for a, b in zip(total, more, strict=True)] if total else more
        for trial, sums in enumerate(total):
            cluster, part = np.indices(sums.shape, np.int32).reshape(2, -1)
            columns = [np.full_like(part, trial), cluster, part, sums.ravel()]
            yield pa.record_batch(columns, _SUMS.names)

    arrays = points.select(vector_to_array(F.col("point")).alias("point"))
    parts = arrays.mapInArrow(of_partition, _SUMS)
    summed = parts.groupBy("trial", "cluster", "part").agg(F.sum("value").alias("value"))
    table = summed.orderBy("trial", "cluster", "part").toArrow()
    trial, cluster, value = (table[name].to_numpy() for name in ("trial", "cluster", "value"))
    shares = np.split(np.arange(trial.size), np.flatnonzero(np.diff(trial)) + 1)
    return [value[share].reshape(cluster[share].max() + 1, -1) for share in shares]


def _by_size(centres: Matrix, sums: Matrix) -> list[int]:
    """The clusters that have points, the largest first, ties by centre."""
    filled = np.flatnonzero(sums[:, N] > 0)
    return sorted(filled.tolist(), key=lambda one: (-sums[one, N], tuple(centres[one])))


def _as_matrix(column: pa.ListArray) -> Matrix:
    values = column.flatten().to_numpy()
    return np.asarray(values.reshape(len(column), -1), np.float64)
