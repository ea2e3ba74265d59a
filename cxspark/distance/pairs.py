"""Euclid's distances of all pairs of points, and of points to the means of their groups."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, IntegerType, StringType, StructType
from scipy.spatial.distance import cdist

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table, column
from cxspark.distance.blocks import ROW_BLOCKS
from cxspark.distance.points import POINTS, to_array
from cxspark.distance.rows import RowBlock
from cxspark.distance.space import Space
from cxspark.distance.worker import spare_modules

# Distances taken together: 8 MB.
_TOGETHER = 2**20

DISTANCE_ROWS = Table(
    name="distance rows",
    grain="one row per pair",
    schema=StructType(
        [
            column("from_id", StringType(), "of what"),
            column("to_id", StringType(), "to what"),
            column("rank", IntegerType(), "from 1; null where all are given", nullable=True),
            column("distance", DoubleType(), "not negative"),
        ]
    ),
    key=("from_id", "to_id"),
)


def pair_blocks(blocks: DataFrame, others: DataFrame, *, same: bool = False) -> DataFrame:
    """The distance of every row of the one set to every row of the other: ``DISTANCE_ROWS``.

    Args:
        blocks: ``ROW_BLOCKS``, of points.
        others: the same, over the same columns.
        same: both frames hold the same blocks: each pair is given once, the smaller id (in text
            order) first, and no row with itself.

    Cost: as many rows as there are pairs. No shuffle; the other blocks are broadcast.
    """
    require_columns(blocks, ROW_BLOCKS)
    require_columns(others, ROW_BLOCKS)
    theirs = others.select(F.col("block").alias("other_block"), F.col("rows").alias("other_rows"))
    pairs = blocks.select(*ROW_BLOCKS.columns).crossJoin(F.broadcast(theirs))
    if same:
        pairs = pairs.where(F.col("other_block") >= F.col("block"))
    return pairs.mapInArrow(partial(_pair, same=same), DISTANCE_ROWS.schema).select(
        *DISTANCE_ROWS.columns
    )


def distances_to_means(points: DataFrame, *, space: Space) -> DataFrame:
    """The distance of every point to the mean of its group: ``DISTANCE_ROWS``, to_id the group.

    Args:
        points: ``POINTS`` without missing values, and ``group`` (string, not null).
        space: where distances are taken; the place of a mean is the mean of the places.

    Cost: one shuffle of a row per group and partition; the means are broadcast.
    """
    require_columns(points, POINTS)
    columns = range(space.offset.size)
    means = points.groupBy("group").agg(
        F.array(*(F.avg(F.get("values", F.lit(place))) for place in columns)).alias("mean")
    )
    measure = partial(_measure_to_mean, space=space)
    return (
        points.join(F.broadcast(means), "group")
        .select("row_id", "group", "values", "mean")
        .mapInArrow(measure, DISTANCE_ROWS.schema)
        .select(*DISTANCE_ROWS.columns)
    )


def _pair(batches: Iterator[pa.RecordBatch], *, same: bool) -> Iterator[pa.RecordBatch]:
    spare_modules()
    for batch in batches:
        for number, rows, other_number, other_rows in zip(*batch.columns, strict=True):
            ours, theirs = (RowBlock.from_bytes(one.as_buffer()) for one in (rows, other_rows))
            itself = same and number == other_number
            a, b = ours.matrix.toarray(), theirs.matrix.toarray()
            step = max(1, _TOGETHER // len(b))
            for start in range(0, len(a), step):
                between = cdist(a[start : start + step], b)
                wanted = (
                    np.triu(np.ones(between.shape, bool), start + 1) if itself else between >= 0
                )
                row, place = np.nonzero(wanted)
                ids = ours.ids.take(pa.array(row + start)), theirs.ids.take(pa.array(place))
                yield _records(*(_in_order(*ids) if same else ids), between[row, place])


def _in_order(a: pa.StringArray, b: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray]:
    is_first = pc.less(a, b)
    return pc.if_else(is_first, a, b), pc.if_else(is_first, b, a)


def _measure_to_mean(
    batches: Iterator[pa.RecordBatch], *, space: Space
) -> Iterator[pa.RecordBatch]:
    spare_modules()
    for batch in batches:
        points, means = (
            space.place(to_array(batch[name], space.offset.size)) for name in ("values", "mean")
        )
        apart = np.sqrt(((points - means) ** 2).sum(axis=1))
        yield _records(batch["row_id"], batch["group"], apart)


def _records(from_id: pa.Array, to_id: pa.Array, distance: np.ndarray) -> pa.RecordBatch:
    columns = [from_id, to_id, pa.nulls(len(from_id), pa.int32()), pa.array(distance)]
    return pa.RecordBatch.from_arrays(columns, names=DISTANCE_ROWS.columns)
