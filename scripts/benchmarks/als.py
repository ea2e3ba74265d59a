"""Training ALS: the job beside implicit, at equal rank, iterations and recall."""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from implicit.als import AlternatingLeastSquares
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from benchmarks.frame import Row, measured, tables_in
from cxspark.contracts.factors import ITEM_FACTORS, USER_FACTORS
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX, USER_ITEM
from cxspark.contracts.table import Table
from cxspark.factorization.settings import TrainAlsSettings
from cxspark.factorization.topn import top_items
from cxspark.runtime.tables import Tables
from cxspark.steps.train_als import STEP

_SEED, _N_USERS, _N_ITEMS, _N_CELLS, _TASTES = 7, 40_000, 10_000, 1_100_000, 20
_SETTINGS = TrainAlsSettings(rank=64, iterations=10, alpha=2.0, reg=0.05)
Factors = NDArray[np.float32]


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """The whole job, tables in and out, beside training in memory.

    Users have tastes; a tenth of what they took is held out, and found again in their 20 best items
    with equal success, or the row isn't equal. implicit's penalty isn't multiplied by a user's
    cells: it is given ours times their mean. A twentieth of the size comes first, untimed.
    """
    with tempfile.TemporaryDirectory() as name:
        _ours(spark, Path(name) / "small", make_cells(scale / 20)[0])
        train, test = make_cells(scale)
        seconds, peak_mb, users, items = _ours(spark, Path(name) / "full", train)
    found = recall(users, items, train, test)
    peer_s, their_users, their_items = _implicit(train)
    theirs = recall(their_users, their_items, train, test)
    yield Row(
        bench=f"ALS of {train.nnz:,} cells, recall {found:.3f}",
        peer=f"implicit, {os.cpu_count()} threads, recall {theirs:.3f}",
        ours_s=seconds,
        peer_s=peer_s,
        rows=len(users) + len(items),
        peak_mb=peak_mb,
        equal=found > 0.95 * theirs,
    )


def make_cells(scale: float) -> tuple[csr_matrix, csr_matrix]:
    """What users took, nine tenths and one tenth: each has a taste or two, each taste its items."""
    rng = np.random.default_rng(_SEED)
    n_users, n_items, n = (max(200, int(size * scale)) for size in (_N_USERS, _N_ITEMS, _N_CELLS))
    owner = (n_users * rng.random(n) ** 1.5).astype(np.int64)
    taste = rng.integers(0, _TASTES, (n_users, 2))[owner, rng.integers(0, 2, n)]
    likes_any = rng.random(n) < 0.2
    popular = (n_items // _TASTES * rng.random(n) ** 2).astype(np.int64)
    item = popular * _TASTES + np.where(likes_any, rng.integers(0, _TASTES, n), taste)
    cells = csr_matrix((np.ones(n), (owner, item)), (n_users, n_items)).tocoo()
    held_out = rng.random(cells.nnz) < 0.1
    train, test = (
        csr_matrix((cells.data[part], (cells.row[part], cells.col[part])), cells.shape)
        for part in (~held_out, held_out)
    )
    return train, test


def recall(users: Factors, items: Factors, train: csr_matrix, test: csr_matrix) -> float:
    """The share of what was held out that is among the 20 best."""
    _, columns = top_items(users, items, train, n=20)
    owner = np.repeat(np.arange(len(users)), 20)
    return float((test[owner, columns.ravel()] > 0).sum() / test.nnz)


def _ours(
    spark: SparkSession, folder: Path, train: csr_matrix
) -> tuple[float, float, Factors, Factors]:
    """Seconds, memory, and the factors of users and of items."""
    folder.mkdir()
    tables = tables_in(spark, folder, "bench")
    ids = [pa.array([f"{number:06d}" for number in range(size)]) for size in train.shape]
    for table, names in ((USER_INDEX, ids[0]), (ITEM_INDEX, ids[1])):
        index = pa.array(np.arange(len(names)), pa.int32())
        _write(spark, tables, table, dict(zip(table.columns, (names, index), strict=True)))
    cells = train.tocoo()
    day = pa.scalar(datetime(2026, 1, 1, tzinfo=UTC), pa.timestamp("us", "UTC"))
    columns = {
        "user_id": ids[0].take(pa.array(cells.row)),
        "item_id": ids[1].take(pa.array(cells.col)),
        "weight": cells.data,
        "n_events": cells.data.astype(np.int64),
        "first_at": pa.repeat(day, cells.nnz),
        "last_at": pa.repeat(day, cells.nnz),
    }
    _write(spark, tables, USER_ITEM, columns)
    with measured() as ours:
        STEP.run(spark, _SETTINGS, tables_in(spark, folder, STEP.name))
    tables = tables_in(spark, folder, "reader")
    users, items = (
        _dense(tables.read(table).select(index, "factors"), size)
        for table, index, size in (
            (USER_FACTORS, "user_index", train.shape[0]),
            (ITEM_FACTORS, "item_index", train.shape[1]),
        )
    )
    return ours.seconds, ours.peak_mb, users, items


def _write(spark: SparkSession, tables: Tables, table: Table, columns: dict[str, pa.Array]) -> None:
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        pq.write_table(pa.table(columns), file.name)
        tables.overwrite(table, spark.read.parquet(file.name).repartition(table.key[0]))


def _dense(factors: DataFrame, n: int) -> Factors:
    table = factors.toArrow().combine_chunks()
    dense = np.zeros((n, _SETTINGS.rank), np.float32)
    numbers = table["factors"].combine_chunks().flatten().to_numpy()
    dense[table[0].to_numpy()] = numbers.reshape(-1, _SETTINGS.rank)
    return dense


def _implicit(train: csr_matrix) -> tuple[float, Factors, Factors]:
    """Seconds, and the factors of users and of items. BLAS has one thread, as it asks for."""
    penalty = _SETTINGS.reg * train.nnz / train.shape[0]
    with threadpool_limits(1, "blas"):
        start = time.perf_counter()
        model = AlternatingLeastSquares(
            factors=_SETTINGS.rank,
            regularization=penalty,
            alpha=_SETTINGS.alpha,
            iterations=_SETTINGS.iterations,
            random_state=_SEED,
        )
        model.fit(train.astype(np.float32), show_progress=False)
        return time.perf_counter() - start, model.user_factors, model.item_factors
