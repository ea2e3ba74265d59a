"""The k nearest rows, for all rows of a matrix that no machine needs to hold."""

from collections.abc import Iterator
from functools import partial
from itertools import groupby

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, IntegerType, StringType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table, column
from cxspark.distance.blocks import ROW_BLOCKS
from cxspark.distance.kernel import Nearest, extend_nearest
from cxspark.distance.metrics import Metric
from cxspark.distance.rows import RowBlock

NEAREST = Table(
    name="nearest",
    grain="one row per row_id x rank",
    schema=StructType(
        [
            column("block", IntegerType(), "the block that row_id is in"),
            column("row_id", StringType(), "for which row"),
            column("rank", IntegerType(), "from 1, the nearest first"),
            column("neighbor_id", StringType(), "the row near it"),
            column("distance", DoubleType(), "in the metric's unit, not negative"),
        ]
    ),
    key=("row_id", "rank"),
)

_FOUND = "block int, row_id string, neighbor_id string, distance double"


def nearest_rows(
    queries: DataFrame,
    candidates: DataFrame,
    *,
    k: int,
    n_blocks: int,
    metric: Metric = "euclidean",
    same: bool = False,
    min_cells: int = 0,
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
        metric: euclidean, cosine or jaccard; ``metrics.distances_between`` defines them.
        same: both frames hold the same blocks: a row isn't its own neighbour.
        min_cells: rows with fewer cells other than zero take no part, on either side.
        broadcast: each executor gets all candidate blocks once. Without it Spark pairs the blocks
            by a Cartesian product, for matrices that an executor can't hold.

    Returns:
        ``NEAREST``.

    Cost: every query row meets every candidate row, in C++. A worker holds two blocks and k
    candidates for each row of one. One shuffle, of the rows found, to merge what the tasks gave.
    """
    require_columns(queries, ROW_BLOCKS)
    require_columns(candidates, ROW_BLOCKS)
    others = candidates.select(
        F.col("block").alias("other_block"), F.col("rows").alias("other_rows")
    )
    pairs = queries.crossJoin(F.broadcast(others) if broadcast else others)

    search = partial(_search, k=k, metric=metric, same=same, min_cells=min_cells)
    nearest_first = Window.partitionBy("block", "row_id").orderBy("distance", "neighbor_id")
    return (
        pairs.mapInArrow(search, _FOUND)
        .repartitionById(n_blocks, "block")
        .withColumn("rank", F.row_number().over(nearest_first))
        .filter(F.col("rank") <= k)
        .select(*NEAREST.columns)
    )


def _search(
    batches: Iterator[pa.RecordBatch], *, k: int, metric: Metric, same: bool, min_cells: int
) -> Iterator[pa.RecordBatch]:
    """Consecutive pairs of one query block are merged here, so little is left to the shuffle."""
    pairs = (pair for batch in batches for pair in zip(*batch.columns, strict=True))
    for number, group in groupby(pairs, key=lambda pair: pair[0].as_py()):
        queries, nearest = None, Nearest.none()
        for _, rows, other_number, other_rows in group:
            queries = queries or _block(rows, min_cells)
            itself = same and other_number.as_py() == number
            others = queries if itself else _block(other_rows, min_cells)
            nearest = extend_nearest(nearest, queries, others, k=k, metric=metric, same=itself)
        assert queries is not None  # a group has a pair
        yield pa.RecordBatch.from_arrays(
            [
                pa.repeat(pa.scalar(number, pa.int32()), nearest.query.size),
                queries.ids.take(pa.array(nearest.query)),
                nearest.neighbor_id,
                pa.array(nearest.distance),
            ],
            names=["block", "row_id", "neighbor_id", "distance"],
        )


def _block(rows: pa.BinaryScalar, min_cells: int) -> RowBlock:
    return RowBlock.from_bytes(rows.as_buffer()).with_cells(min_cells)
