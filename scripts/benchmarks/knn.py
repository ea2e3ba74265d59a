"""k-NN recommendation beside scikit-learn's NearestNeighbors, which finds the neighbours alone."""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors

from benchmarks.frame import Measure, Row, measured, tables_in
from benchmarks.judging import judge
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS
from cxspark.runtime.tables import Tables
from cxspark.steps.recommend_knn import STEP

_SEED, _WARM_UPS, _RUNS = 7, 20, 3


@dataclass(frozen=True)
class Case:
    """One size, and how the peer is given it.

    Attributes:
        n_users: users, each with an event.
        n_items: items, few of them popular.
        n_events: events; a user's events on one item are one cell.
        dense: the peer gets the dense matrix, else the sparse one.
        sample: queries that the peer answers; its time is scaled to all users.
    """

    n_users: int
    n_items: int
    n_events: int
    dense: bool
    sample: int

    def scaled(self, scale: float) -> "Case":
        """The same, greater or smaller."""
        sizes = (self.n_users, self.n_items, self.n_events)
        n_users, n_items, n_events = (max(100, int(size * scale)) for size in sizes)
        return Case(n_users, n_items, n_events, self.dense, min(self.sample, n_users))

    def __str__(self) -> str:
        return f"knn {self.n_users:,}x{self.n_items:,}, {self.n_events:,} events"


CASES = (
    Case(20_000, 10_000, 1_000_000, dense=True, sample=2_000),
    Case(100_000, 20_000, 5_000_000, dense=False, sample=2_000),
)


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """The whole job, neighbours and recommendations, at each size, and the judging of its lists.

    Some runs of the smaller one come first, untimed: Spark's own code is loaded and compiled in a
    session's first minutes, which belongs to the session's start. From run to run the time differs
    by a tenth: the middle one of three, of which the first makes the tables of results.
    """
    small = CASES[0].scaled(scale)
    with tempfile.TemporaryDirectory() as name:
        _write(spark, make_matrix(small), Path(name))
        for _ in range(_WARM_UPS):
            _run(spark, Path(name))
            _judge(spark, Path(name), small, 0.0)
    for case in CASES:
        yield from _compare(spark, case.scaled(scale))


def _compare(spark: SparkSession, case: Case) -> Iterator[Row]:
    matrix = make_matrix(case)
    with tempfile.TemporaryDirectory() as name:
        _write(spark, matrix, Path(name))
        runs = [_run(spark, Path(name)) for _ in range(_RUNS)]
        ours, tables = sorted(runs, key=lambda one: one[0].seconds)[_RUNS // 2]
        asked = np.random.default_rng(_SEED).choice(case.n_users, case.sample, replace=False)
        found = _distances(spark, Path(name), asked)
        judged = _judge(spark, Path(name), case, ours.seconds)
    peer_s, expected = _peer(matrix.toarray() if case.dense else matrix, asked)
    yield Row(
        bench=str(case),
        peer=f"scikit-learn {'dense' if case.dense else 'sparse'}, {os.cpu_count()} cores",
        ours_s=ours.seconds,
        peer_s=peer_s,
        rows=sum(output.n_rows for output in tables.run.outputs),
        peak_mb=ours.peak_mb,
        equal=bool(np.allclose(found, expected, rtol=0.0, atol=1e-6)),
    )
    yield judged


def _run(spark: SparkSession, folder: Path) -> tuple[Measure, Tables]:
    """The job on the matrix in a folder, and what it saw of the tables there."""
    tables = tables_in(spark, folder, STEP.name)
    with measured() as ours:
        STEP.run(spark, STEP.settings(), tables)
    return ours, tables


def _judge(spark: SparkSession, folder: Path, case: Case, seconds: float) -> Row:
    """The same lists judged."""
    users, items = _user_id(np.arange(case.n_users)), _item_id(case.n_items)
    return judge(spark, tables_in(spark, folder, "bench"), users, items, seconds)


def make_matrix(case: Case) -> csr_matrix:
    """Users x items, events per cell: a few users are very active, a few items very popular."""
    rng = np.random.default_rng(_SEED)
    activity = rng.lognormal(0.0, 1.0, case.n_users)
    popularity = 1.0 / np.arange(10, case.n_items + 10) ** 0.8
    more = case.n_events - case.n_users
    users = np.concatenate(
        [np.arange(case.n_users), rng.choice(case.n_users, more, p=activity / activity.sum())]
    )
    items = rng.choice(case.n_items, case.n_events, p=popularity / popularity.sum())
    matrix = csr_matrix((np.ones(case.n_events), (users, items)), (case.n_users, case.n_items))
    matrix.sum_duplicates()
    return matrix


def _user_id(numbers: NDArray[np.int64]) -> list[str]:
    return [f"user-{number:06d}" for number in numbers.tolist()]


def _item_id(n_items: int) -> list[str]:
    return [f"item-{number:05d}" for number in range(n_items)]


def _write(spark: SparkSession, matrix: csr_matrix, folder: Path) -> None:
    """The matrix as the suite's tables."""
    cells = matrix.tocoo()
    days = np.random.default_rng(_SEED).integers(0, 90, cells.nnz)
    moments = np.datetime64("2026-01-01", "us") + days.astype("timedelta64[D]")
    users = pa.array(_user_id(np.arange(matrix.shape[0])))
    items = pa.array(_item_id(matrix.shape[1]))
    columns = {
        "user_id": users.take(pa.array(cells.row)),
        "item_id": items.take(pa.array(cells.col)),
        "weight": cells.data,
        "n_events": cells.data.astype(np.int64),
        "first_at": pa.array(moments, pa.timestamp("us", "UTC")),
        "last_at": pa.array(moments, pa.timestamp("us", "UTC")),
    }
    pq.write_table(pa.table(columns), folder / "cells.parquet")
    tables = tables_in(spark, folder, "bench")
    # In as many files as build_user_item leaves, whose last shuffle is by user.
    cells_by_user = spark.read.parquet(str(folder / "cells.parquet")).repartition("user_id")
    tables.overwrite(USER_ITEM, cells_by_user)


def _distances(spark: SparkSession, folder: Path, asked: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of our neighbours: a row per user asked for, the nearest first."""
    tables = tables_in(spark, folder, "bench")
    if not tables.read(RECOMMENDATIONS).count():
        raise RuntimeError("no recommendations")
    wanted = spark.createDataFrame(pa.table({"user_id": _user_id(asked), "row": asked}))
    near = tables.read(USER_NEIGHBORS).join(F.broadcast(wanted), "user_id").toPandas()
    table = near.pivot_table(index="row", columns="rank", values="distance")
    return table.loc[asked].to_numpy()


def _peer(
    matrix: csr_matrix | NDArray[np.float64], asked: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """Its seconds for all users, and the distances of those asked for.

    What doesn't grow with the queries is counted once: two samples tell it from what does.
    """
    k = STEP.settings().k
    start = time.perf_counter()
    model = NearestNeighbors(n_neighbors=k + 1, algorithm="brute", n_jobs=-1).fit(matrix)
    few = asked[: len(asked) // 10]
    model.kneighbors(matrix[few])
    first = time.perf_counter() - start
    distances, _ = model.kneighbors(matrix[asked])
    second = time.perf_counter() - start - first
    slope = (second - first) / (len(asked) - len(few))
    # The nearest is the user herself.
    return first + slope * (matrix.shape[0] - len(few)), distances[:, 1:]
