"""Counts, means and products of deviations of points, in one stable pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Row
from pyspark.sql.types import ArrayType, DoubleType, LongType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table, column
from cxspark.distance.points import POINTS, to_array
from cxspark.distance.worker import spare_modules

Floats = NDArray[np.float64]
_LIST = ArrayType(DoubleType(), containsNull=False)

MOMENTS = Table(
    name="moments",
    grain="one row",
    schema=StructType(
        [
            column("n_rows", LongType(), "points without a missing value"),
            column("n_missing", LongType(), "the others; nothing below knows of them"),
            column("mean", _LIST, "of each column"),
            column("comoments", _LIST, "sums of products of deviations, row after row"),
            column("least", _LIST, "of each column"),
            column("greatest", _LIST, "of each column"),
        ]
    ),
    key=(),
)


@dataclass(frozen=True)
class Moments:
    """What is known of some points after one pass.

    Attributes:
        n_rows: points without a missing value.
        n_missing: the others; nothing below knows of them.
        mean: of each column.
        comoments: columns x columns, sums of products of deviations from the means.
        least: of each column; infinite without points.
        greatest: of each column; minus infinity without points.
    """

    n_rows: int
    n_missing: int
    mean: Floats
    comoments: Floats
    least: Floats
    greatest: Floats

    @classmethod
    def of(cls, values: Floats) -> "Moments":
        """Of the rows of an array, NaN where a value is missing.

        Example:
            >>> found = Moments.of(np.array([[1.0, 2.0], [3.0, 6.0], [np.nan, 9.0]]))
            >>> found.n_rows, found.n_missing, found.mean.tolist(), found.comoments.tolist()
            (2, 1, [2.0, 4.0], [[2.0, 4.0], [4.0, 8.0]])
        """
        complete = values[~np.isnan(values).any(axis=1)]
        mean = complete.sum(axis=0) / max(1, len(complete))
        apart = complete - mean
        return cls(
            len(complete),
            len(values) - len(complete),
            mean,
            apart.T @ apart,
            complete.min(axis=0, initial=np.inf),
            complete.max(axis=0, initial=-np.inf),
        )

    @classmethod
    def from_row(cls, row: Row) -> "Moments":
        """The row of ``measure_points``."""
        mean, comoments, least, greatest = (np.array(part, np.float64) for part in row[2:])
        square = comoments.reshape(mean.size, mean.size)
        return cls(row["n_rows"], row["n_missing"], mean, square, least, greatest)

    def merged(self, other: "Moments") -> "Moments":
        """Of both sets of points together (Chan, Golub, LeVeque 1983, eq. 2.1)."""
        n_rows = self.n_rows + other.n_rows
        share = other.n_rows / max(1, n_rows)
        step = other.mean - self.mean
        return Moments(
            n_rows,
            self.n_missing + other.n_missing,
            self.mean + share * step,
            self.comoments + other.comoments + self.n_rows * share * np.outer(step, step),
            np.minimum(self.least, other.least),
            np.maximum(self.greatest, other.greatest),
        )

    def covariance(self) -> Floats:
        """Columns x columns, over n - 1; zeros where there is one point."""
        return self.comoments / max(1, self.n_rows - 1)

    def to_batch(self) -> pa.RecordBatch:
        """One record of ``MOMENTS``."""
        lists = (self.mean, self.comoments.ravel(), self.least, self.greatest)
        counts = (self.n_rows, self.n_missing)
        columns = [pa.array([count], pa.int64()) for count in counts]
        columns += [pa.array([part], pa.list_(pa.float64())) for part in lists]
        return pa.RecordBatch.from_arrays(columns, names=MOMENTS.columns)


def measure_points(points: DataFrame, *, n_columns: int) -> DataFrame:
    """The moments of all points: ``MOMENTS``, one row.

    Stable: deviations are taken from the means of each batch, and the parts are put together by
    their differences, so that large means don't drown small deviations.

    Args:
        points: ``POINTS``; those with a missing value are only counted.
        n_columns: values of each point.

    Cost: one pass; a shuffle of one row per partition.
    """
    require_columns(points, POINTS, ["values"])
    measure = partial(_measure, n_columns=n_columns)
    parts = points.select("values").mapInArrow(measure, MOMENTS.schema)
    merge = partial(_merge, n_columns=n_columns)
    return parts.repartition(1).mapInArrow(merge, MOMENTS.schema).select(*MOMENTS.columns)


def _measure(batches: Iterator[pa.RecordBatch], *, n_columns: int) -> Iterator[pa.RecordBatch]:
    spare_modules()
    total = Moments.of(np.empty((0, n_columns)))
    for batch in batches:
        total = total.merged(Moments.of(to_array(batch["values"], n_columns)))
    yield total.to_batch()


def _merge(batches: Iterator[pa.RecordBatch], *, n_columns: int) -> Iterator[pa.RecordBatch]:
    spare_modules()
    total = Moments.of(np.empty((0, n_columns)))
    for batch in batches:
        for record in batch.to_pylist():
            total = total.merged(Moments.from_row(Row(**record)))
    yield total.to_batch()
