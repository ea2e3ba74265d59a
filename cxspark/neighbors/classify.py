"""Classes of customers by a vote of those nearest to them."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, MapType, StringType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.classes import CLASSES, CONFUSIONS
from cxspark.contracts.table import Table, column
from cxspark.distance import (
    NEAREST_BLOCKS,
    POINTS,
    Nearest,
    RowBlock,
    Space,
    count_blocks,
    filter_complete,
    nearest_blocks,
    pack_points,
    points_of,
    spare_modules,
)
from cxspark.neighbors.settings import ClassifyKnnSettings, NeighborWeight

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALGORITHM = "knn"

VOTES = Table(
    name="votes",
    grain="one row per user_id",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("actual", StringType(), "the label", nullable=True),
            column("predicted", StringType(), "the class with most votes"),
            column(
                "probabilities",
                MapType(StringType(), DoubleType(), valueContainsNull=False),
                "class -> share of the votes",
            ),
        ]
    ),
    key=("user_id",),
)


def labelled_points(rows: DataFrame, *, classes: Sequence[str]) -> DataFrame:
    """``POINTS`` of customers, with the number of the class behind their own numbers.

    Args:
        rows: ``FEATURE_ROWS``; those with a missing number are left out.
        classes: numbered from 1 in this order; 0 is no label.

    Cost: no shuffle.
    """
    number = F.array_position(F.array(*map(F.lit, classes)), F.col("label"))
    last = F.array(F.coalesce(number, F.lit(0)).cast("double"))
    numbered = rows.withColumn("numbers", F.concat("numbers", last))
    return filter_complete(points_of(numbered)).select(*POINTS.columns)


def split_held_out(rows: DataFrame, *, share: float, seed: int) -> tuple[DataFrame, DataFrame]:
    """The customers to learn from, and those held out: drawn by a hash, the same every time."""
    drawn = F.pmod(F.xxhash64("user_id", F.lit(seed)), F.lit(10**6)) < F.lit(share * 10**6)
    return rows.where(~drawn).select(*rows.columns), rows.where(drawn).select(*rows.columns)


def classify_customers(
    queries: DataFrame,
    references: DataFrame,
    *,
    n_queries: int,
    n_references: int,
    space: Space,
    classes: Sequence[str],
    settings: ClassifyKnnSettings,
) -> DataFrame:
    """The classes of customers by the k nearest of others who have a label: ``VOTES``.

    Args:
        queries: ``FEATURE_ROWS``; the frame of the references itself for leave-one-out: each is
            told by all others then.
        references: the same, with labels.
        n_queries: how many they are, about.
        n_references: the same.
        space: where distances are taken.
        classes: of the references, in the order that settles the last ties.
        settings: the job's.

    Cost: a shuffle of the points of each frame, then as `nearest_blocks`.
    """
    is_same = queries is references
    of_queries, of_references = (
        count_blocks(n, block_rows=settings.block_rows) for n in (n_queries, n_references)
    )
    theirs = pack_points(
        labelled_points(references, classes=classes), n_blocks=of_references, space=space
    )
    ours = theirs
    if not is_same:
        ours = pack_points(
            labelled_points(queries, classes=classes), n_blocks=of_queries, space=space
        )
    nearest = nearest_blocks(
        ours,
        theirs,
        k=settings.k,
        n_blocks=of_queries,
        metric="euclidean" if settings.metric == "mahalanobis" else settings.metric,
        same=is_same,
        keep_rows=True,
        n_compared=space.offset.size,
        broadcast=settings.broadcast,
    )
    return count_votes(nearest, classes=classes, vote=settings.vote)


def count_votes(nearest: DataFrame, *, classes: Sequence[str], vote: NeighborWeight) -> DataFrame:
    """What the neighbours of each customer say: ``VOTES``; who has no neighbour isn't there.

    The class with most votes; of equal ones that whose voters have the smaller summed distance,
    then the first in the order of the classes.

    Args:
        nearest: ``NEAREST_BLOCKS`` of `labelled_points`, with only the last column brought along.
        classes: as the points were made with.
        vote: uniform, each counts 1; distance, 1 / distance, and where some are at distance 0 only
            these count, 1 each.

    Cost: no shuffle; a worker holds customers x classes of one block.
    """
    require_columns(nearest, NEAREST_BLOCKS)
    count = partial(_count, classes=tuple(classes), vote=vote)
    return nearest.mapInArrow(count, VOTES.schema).select(*VOTES.columns)


def name_classes(votes: DataFrame, *, source: str, label: str, protocol: str) -> DataFrame:
    """Votes as rows of ``CLASSES``."""
    require_columns(votes, VOTES)
    known = {
        "source": source,
        "algorithm": ALGORITHM,
        "label_name": label,
        "protocol": protocol,
    }
    return votes.withColumns({name: F.lit(value) for name, value in known.items()}).select(
        *CLASSES.columns
    )


def count_confusions(classes: DataFrame) -> DataFrame:
    """How often each class was told of customers of each label: ``CONFUSIONS``.

    Args:
        classes: ``CLASSES``; who has no label isn't counted.

    Cost: one shuffle, of a row per pair of classes and partition.
    """
    require_columns(classes, CLASSES)
    keys = [name for name in CONFUSIONS.columns if name != "n_users"]
    return (
        classes.where(F.col("actual").isNotNull())
        .groupBy(*keys)
        .agg(F.count(F.lit(1)).alias("n_users"))
        .select(*CONFUSIONS.columns)
    )


def elect(
    query: Ints, label: Ints, distance: Floats, *, shape: tuple[int, int], vote: NeighborWeight
) -> tuple[Ints, Floats]:
    """For each query the class elected, and the votes, queries x classes.

    Example:
        >>> query, label = np.array([0, 0, 0, 0]), np.array([0, 1, 1, 0])
        >>> elected, votes = elect(
        ...     query, label, np.array([1.0, 1.0, 2.0, 4.0]), shape=(1, 2), vote="uniform"
        ... )
        >>> elected.tolist(), votes.tolist()
        ([1], [[2.0, 2.0]])
    """
    weight = np.ones(distance.size)
    if vote == "distance":
        is_there = distance == 0
        has_one = np.bincount(query[is_there], minlength=shape[0]) > 0
        inverse = np.divide(1.0, distance, out=np.zeros_like(distance), where=~is_there)
        weight = np.where(has_one[query], is_there, inverse)
    cell = query * shape[1] + label
    votes, apart = (
        np.bincount(cell, weights=one, minlength=shape[0] * shape[1]).reshape(shape)
        for one in (weight, np.where(weight > 0, distance, 0.0))
    )
    is_best = votes == votes.max(axis=1, keepdims=True)
    elected: Ints = np.where(is_best, apart, np.inf).argmin(axis=1)
    return elected, votes.astype(np.float64, copy=False)


def _count(
    batches: Iterator[pa.RecordBatch], *, classes: tuple[str, ...], vote: NeighborWeight
) -> Iterator[pa.RecordBatch]:
    spare_modules()
    for batch in batches:
        for _, rows, stream in zip(*batch.columns, strict=True):
            users = RowBlock.from_bytes(rows.as_buffer())
            near = Nearest.from_bytes(stream.as_buffer())
            yield _votes(users, near, pa.array(classes, pa.string()), vote)


def _votes(
    users: RowBlock, near: Nearest, classes: pa.StringArray, vote: NeighborWeight
) -> pa.RecordBatch:
    """What one block of customers gets."""
    label = near.rows.toarray().ravel().astype(np.int64) - 1
    shape = (len(users.ids), len(classes))
    elected, votes = elect(near.query, label, near.distance, shape=shape, vote=vote)
    asked = np.flatnonzero(votes.any(axis=1))
    shares = votes[asked] / votes[asked].sum(axis=1, keepdims=True)
    user, place = np.nonzero(shares)
    starts = pa.array(np.searchsorted(user, np.arange(asked.size + 1)), pa.int32())
    own = users.matrix.toarray()[asked, -1].astype(np.int64) - 1
    columns = [
        users.ids.take(pa.array(asked)),
        classes.take(pa.array(own, mask=own < 0)),
        classes.take(pa.array(elected[asked])),
        pa.MapArray.from_arrays(starts, classes.take(pa.array(place)), shares[user, place]),
    ]
    return pa.RecordBatch.from_arrays(columns, names=VOTES.columns)
