"""Products of items over all users: what item k-NN and EASE are made of."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql.types import BinaryType, IntegerType, StructType
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table, column
from cxspark.distance import ROW_BLOCKS, RowBlock, spare_modules, widened

Floats = NDArray[np.float64]

STRIPS = Table(
    name="strips",
    grain="one row per strip of rows of a dense matrix",
    schema=StructType(
        [
            column("strip", IntegerType(), "from 0, the topmost"),
            column("numbers", BinaryType(), "float32, row by row"),
        ]
    ),
    key=("strip",),
)

_STRIP_NUMBERS = 1_000_000


def damped(rows: csr_matrix, n_items: int) -> csr_matrix:
    """The first columns of users' rows, weight w as log(1 + w): ten events aren't ten wishes."""
    kept = rows[:, :n_items].astype(np.float64)
    kept.data = np.log1p(kept.data)
    return kept


def item_products(blocks: DataFrame, *, n_items: int, n_parts: int = 4) -> DataFrame:
    """The sum over users of the products of every two items' damped weights.

    Args:
        blocks: users' rows (``distance.ROW_BLOCKS``).
        n_items: the columns that count, the first ones.
        n_parts: tasks that sum up users, each n_items x n_items numbers.

    Returns:
        ``STRIPS`` of the symmetric matrix, n_items x n_items.

    Sums are of double precision and travel in single: to carry them takes longer than to add up.

    Cost: one shuffle of n_parts such matrices, none of users; a worker holds one of 8 n_items^2
    bytes.
    """
    require_columns(blocks, ROW_BLOCKS)
    height = max(1, _STRIP_NUMBERS // max(1, n_items))
    n_strips = -(-n_items // height)
    multiply = partial(_multiply, n_items=n_items, height=height)
    return (
        blocks.select("rows")
        .coalesce(n_parts)
        .mapInArrow(multiply, STRIPS.schema)
        .repartitionById(max(1, n_strips), "strip")
        .mapInArrow(_add, STRIPS.schema)
        .select(*STRIPS.columns)
    )


def collected(strips: DataFrame, *, n_items: int) -> Floats:
    """The matrix on this machine: an action, of 8 n_items^2 bytes."""
    ordered = sorted(strips.collect(), key=lambda row: row["strip"])
    numbers = [np.frombuffer(row["numbers"], np.float32) for row in ordered]
    whole = np.concatenate(numbers) if numbers else np.zeros(n_items * n_items)
    return whole.reshape(n_items, n_items).astype(np.float64)


def _multiply(
    batches: Iterator[pa.RecordBatch], *, n_items: int, height: int
) -> Iterator[pa.RecordBatch]:
    spare_modules()
    total = np.zeros((n_items, n_items))
    for batch in batches:
        for stream in batch["rows"]:
            rows = widened(RowBlock.from_bytes(stream.as_buffer()).matrix, n_items)
            kept = damped(rows, n_items)
            total += (kept.T @ kept).toarray()
    for strip, start in enumerate(range(0, n_items, height)):
        yield _strip(strip, total[start : start + height])


def _add(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """A partition has all parts of one strip."""
    number, total = -1, np.zeros(0)
    for batch in batches:
        for strip, numbers in zip(*batch.columns, strict=True):
            part = np.frombuffer(numbers.as_buffer(), np.float32).astype(np.float64)
            number, total = strip.as_py(), total + part if total.size else part
    if number >= 0:
        yield _strip(number, total)


def _strip(number: int, numbers: Floats) -> pa.RecordBatch:
    single = numbers.astype(np.float32).tobytes()
    columns = [pa.array([number], pa.int32()), pa.array([single], pa.binary())]
    return pa.RecordBatch.from_arrays(columns, names=STRIPS.columns)
