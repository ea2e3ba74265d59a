"""Packing the cells of a sparse matrix, or points, into blocks of rows, one record each."""

import math
from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BinaryType,
    DoubleType,
    IntegerType,
    StringType,
    StructType,
)

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table, column
from cxspark.distance.points import POINTS, to_array
from cxspark.distance.rows import RowBlock
from cxspark.distance.space import Space
from cxspark.distance.worker import spare_modules

CELLS = Table(
    name="cells",
    grain="one row per row_id x column_index; doubled ones are added",
    schema=StructType(
        [
            column("row_id", StringType(), "which row"),
            column("column_index", IntegerType(), "which column, from 0"),
            column("value", DoubleType(), "finite; a zero only says that the row exists"),
        ]
    ),
    key=("row_id", "column_index"),
)

ROW_BLOCKS = Table(
    name="row blocks",
    grain="one row per block",
    schema=StructType(
        [
            column("block", IntegerType(), "from 0, by a hash of the row id"),
            column("rows", BinaryType(), "the block's rows by ascending id: an Arrow stream"),
        ]
    ),
    key=("block",),
)


def count_blocks(n_rows: int, *, block_rows: int) -> int:
    """How many blocks hold so many rows, at most ``block_rows`` each on average.

    One, or a multiple of four, so that as many cores have work till the end.

    Example:
        >>> count_blocks(10_000, block_rows=4096), count_blocks(4096, block_rows=4096)
        (4, 1)
    """
    return 1 if n_rows <= block_rows else 4 * math.ceil(n_rows / (4 * block_rows))


def pack_rows(cells: DataFrame, *, n_blocks: int) -> DataFrame:
    """All rows of a sparse matrix in blocks: one row per block that isn't empty.

    Args:
        cells: row_id, column_index, value (``CELLS``); doubled cells are added. A row with only
            zeros is a row.
        n_blocks: how many; each must fit a worker a few times over.

    Returns:
        ``ROW_BLOCKS``, each block in a partition of its own, so that all cores get their share.

    Raises:
        ContractError: a column is missing or of another type; from the workers, a value isn't
            finite or a column is negative.

    Cost: one shuffle of the cells.
    """
    require_columns(cells, CELLS)
    block = F.pmod(F.xxhash64("row_id"), F.lit(n_blocks)).cast("int")
    return (
        cells.select(block.alias("block"), *CELLS.columns)
        # Each block becomes a partition, and is packed as it comes: a group would be sorted first.
        .repartitionById(n_blocks, "block")
        .mapInArrow(_pack, ROW_BLOCKS.schema)
        .select(*ROW_BLOCKS.columns)
    )


def pack_points(points: DataFrame, *, n_blocks: int, space: Space) -> DataFrame:
    """All points in blocks of rows, as they lie in a space: what ``nearest_blocks`` takes.

    Args:
        points: ``POINTS`` without missing values. Values beyond the space's columns come along
            as they are: a search leaves them out by its ``n_compared``.
        n_blocks: how many; each must fit a worker a few times over.
        space: where distances are taken.

    Returns:
        ``ROW_BLOCKS``, each block in a partition of its own.

    Raises:
        ContractError: a column is missing or of another type; from the workers, a value is missing
            or isn't finite.

    Cost: one shuffle of the points.
    """
    require_columns(points, POINTS)
    block = F.pmod(F.xxhash64("row_id"), F.lit(n_blocks)).cast("int")
    return (
        points.select(block.alias("block"), *POINTS.columns)
        .repartitionById(n_blocks, "block")
        .mapInArrow(partial(_pack_points, space=space), ROW_BLOCKS.schema)
        .select(*ROW_BLOCKS.columns)
    )


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """All cells of a partition as one block."""
    spare_modules()
    parts = list(batches)
    if not parts:
        return
    cells = pa.Table.from_batches(parts)
    block = RowBlock.of_cells(
        cells["row_id"].combine_chunks(),
        cells["column_index"].to_numpy(),
        cells["value"].to_numpy(),
    )
    columns = [cells["block"][:1].combine_chunks(), pa.array([block.to_bytes()], pa.binary())]
    yield pa.RecordBatch.from_arrays(columns, names=ROW_BLOCKS.columns)


def _pack_points(batches: Iterator[pa.RecordBatch], *, space: Space) -> Iterator[pa.RecordBatch]:
    """All points of a partition as one block."""
    spare_modules()
    parts = list(batches)
    if not parts:
        return
    points = pa.Table.from_batches(parts).combine_chunks()
    ids = points["row_id"].combine_chunks()
    order = pc.sort_indices(ids)
    lists = points["values"].combine_chunks().take(order)
    block = RowBlock.of_values(ids.take(order), space.place(to_array(lists, len(lists[0]))))
    columns = [points["block"][:1].combine_chunks(), pa.array([block.to_bytes()], pa.binary())]
    yield pa.RecordBatch.from_arrays(columns, names=ROW_BLOCKS.columns)
