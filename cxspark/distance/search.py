"""The k nearest rows, for all rows of a matrix that no machine needs to hold."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, DoubleType, IntegerType, StringType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table, column
from cxspark.distance.blocks import ROW_BLOCKS
from cxspark.distance.kernel import extend_nearest
from cxspark.distance.metrics import Metric
from cxspark.distance.nearest import Nearest
from cxspark.distance.rows import RowBlock
from cxspark.distance.tiles import use_one_thread
from cxspark.distance.worker import spare_modules

NEAREST_BLOCKS = Table(
    name="nearest blocks",
    grain="one row per block of queries",
    schema=StructType(
        [
            column("block", IntegerType(), "the queries' block"),
            column("rows", BinaryType(), "the queries: a RowBlock"),
            column("nearest", BinaryType(), "what is nearest to them: a Nearest"),
        ]
    ),
    key=("block",),
)

NEAREST = Table(
    name="nearest",
    grain="one row per row_id x rank",
    schema=StructType(
        [
            column("row_id", StringType(), "for which row"),
            column("rank", IntegerType(), "from 1, the nearest first"),
            column("neighbor_id", StringType(), "the row near it"),
            column("distance", DoubleType(), "in the metric's unit, not negative"),
        ]
    ),
    key=("row_id", "rank"),
)


def nearest_blocks(
    queries: DataFrame,
    candidates: DataFrame,
    *,
    k: int,
    n_blocks: int,
    metric: Metric = "euclidean",
    same: bool = False,
    min_cells: int = 0,
    keep_rows: bool = False,
    n_compared: int | None = None,
    broadcast: bool = True,
) -> DataFrame:
    """The k nearest candidates of every query row; exact, ties by the smaller id in text order.

    Rows with nothing in common count too: a small basket is near everyone by Euclid. Where fewer
    than k candidates exist, all are given.

    Args:
        queries: ``ROW_BLOCKS``, as ``pack_rows`` gives them.
        candidates: the same for the rows to choose from, over the same columns.
        k: neighbours per row.
        n_blocks: as the queries were packed: what is found is kept in as many partitions.
        metric: euclidean, cosine, jaccard, or, of points, manhattan;
            ``metrics.distances_between`` defines them.
        same: both frames hold the same blocks: a row isn't its own neighbour.
        min_cells: rows with fewer cells other than zero take no part, on either side.
        keep_rows: those found bring their own rows along, without zeros.
        n_compared: columns from this one on don't count in the distance; of those found they are
            what ``keep_rows`` brings along.
        broadcast: each executor gets all candidate blocks once. Without it Spark pairs the blocks
            by a Cartesian product, for matrices that an executor can't hold.

    Returns:
        ``NEAREST_BLOCKS``; ``unpack_nearest`` makes rows of them.

    Cost: every query row meets every candidate row, in compiled code. A worker holds two blocks and
    k candidates for each row of one. Without `broadcast` one shuffle, of what the tasks found.
    """
    require_columns(queries, ROW_BLOCKS)
    require_columns(candidates, ROW_BLOCKS)
    others = candidates.select(
        F.col("block").alias("other_block"), F.col("rows").alias("other_rows")
    )
    pairs = queries.select(*ROW_BLOCKS.columns).crossJoin(
        F.broadcast(others) if broadcast else others
    )
    extend = partial(extend_nearest, k=k, metric=metric, keep_rows=keep_rows, n_compared=n_compared)
    search = partial(_search, extend=extend, same=same, min_cells=min_cells)
    found = pairs.mapInArrow(search, NEAREST_BLOCKS.schema)
    # By broadcast all pairs of a query block are met in one task.
    merged = found if broadcast else _merged(found, k=k, n_blocks=n_blocks)
    return merged.select(*NEAREST_BLOCKS.columns)


def unpack_nearest(blocks: DataFrame) -> DataFrame:
    """What ``nearest_blocks`` found as ``NEAREST``: one row per row_id x rank. No shuffle."""
    require_columns(blocks, NEAREST_BLOCKS)
    return blocks.mapInArrow(_unpack, NEAREST.schema).select(*NEAREST.columns)


def _merged(found: DataFrame, *, k: int, n_blocks: int) -> DataFrame:
    return found.repartitionById(n_blocks, "block").mapInArrow(
        partial(_merge, k=k), NEAREST_BLOCKS.schema
    )


def _search(
    batches: Iterator[pa.RecordBatch],
    *,
    extend: Callable[..., Nearest],
    same: bool,
    min_cells: int,
) -> Iterator[pa.RecordBatch]:
    """Consecutive pairs of one query block are merged here: one record for all of them."""
    spare_modules()
    use_one_thread()
    pairs = (pair for batch in batches for pair in zip(*batch.columns, strict=True))
    for number, group in groupby(pairs, key=lambda pair: pair[0].as_py()):
        every, queries, nearest = None, None, Nearest.none()
        for _, rows, other_number, other_rows in group:
            every = every or RowBlock.from_bytes(rows.as_buffer())
            queries = queries or every.with_cells(min_cells)
            itself = same and other_number.as_py() == number
            others = queries
            if not itself:
                others = RowBlock.from_bytes(other_rows.as_buffer()).with_cells(min_cells)
            nearest = extend(nearest, queries, others, same=itself)
        assert every is not None  # a group has a pair
        assert queries is not None
        numbers = pc.index_in(queries.ids, every.ids).to_numpy().astype(np.int64)
        nearest = replace(nearest, query=numbers[nearest.query])
        yield _record(number, rows, nearest)


def _merge(batches: Iterator[pa.RecordBatch], *, k: int) -> Iterator[pa.RecordBatch]:
    """A partition has what the tasks found for one block."""
    spare_modules()
    nearest = Nearest.none()
    record = None
    for batch in batches:
        for record in zip(*batch.columns, strict=True):
            nearest = nearest.merged(Nearest.from_bytes(record[2].as_buffer()), k=k)
    if record is not None:
        yield _record(record[0].as_py(), record[1], nearest)


def _record(number: int, rows: pa.BinaryScalar, nearest: Nearest) -> pa.RecordBatch:
    columns = [
        pa.array([number], pa.int32()),
        pa.array([rows.as_py()], pa.binary()),
        pa.array([nearest.to_bytes()], pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, names=NEAREST_BLOCKS.columns)


def _unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    spare_modules()
    for batch in batches:
        for rows, stream in zip(batch["rows"], batch["nearest"], strict=True):
            ids = RowBlock.from_bytes(rows.as_buffer()).ids
            nearest = Nearest.from_bytes(stream.as_buffer())
            columns = [
                ids.take(pa.array(nearest.query)),
                pa.array(nearest.ranks(), pa.int32()),
                nearest.neighbor_id,
                pa.array(nearest.distance),
            ]
            yield pa.RecordBatch.from_arrays(columns, names=NEAREST.columns)
