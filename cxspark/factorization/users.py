"""Users side by side with what they did: what recommendations are made from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DoubleType, FloatType, IntegerType, StringType, StructType
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.table import Table, column
from cxspark.distance import spare_modules

USER_CELLS = Table(
    name="users' cells",
    grain="one row per user_id x column_index; doubled ones are added",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("column_index", IntegerType(), "what, from 0; null: unknown", nullable=True),
            column("value", DoubleType(), "weight or mark; NaN: she has it and gave none"),
        ]
    ),
    key=("user_id", "column_index"),
)

USER_VECTORS = Table(
    name="users' factors",
    grain="one row per user_id",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("factors", ArrayType(FloatType()), "her factors, as many as items have"),
        ]
    ),
    key=("user_id",),
)

USER_ROWS = Table(
    name="users' rows",
    grain="one row per user_id",
    schema=StructType(
        [
            column("user_id", StringType(), "who"),
            column("factors", ArrayType(FloatType()), "none where no model has her"),
            column("columns", ArrayType(IntegerType()), "items she has, each once, ascending"),
            column("values", ArrayType(DoubleType()), "their weights, in the same order"),
        ]
    ),
    key=("user_id",),
)

# Users in one batch of Arrow: what a worker has in hand at once.
_BATCH = 4096


@dataclass(frozen=True)
class UserRows:
    """Some users.

    Attributes:
        ids: who.
        is_known: whether a user has factors.
        factors: users x rank; zeros where she has none.
        cells: users x items.
    """

    ids: pa.Array
    is_known: NDArray[np.bool_]
    factors: NDArray[np.float32]
    cells: csr_matrix

    @classmethod
    def of_batch(
        cls,
        batch: pa.RecordBatch,
        *,
        rank: int,
        n_items: int,
        column_of: NDArray[np.int32],
    ) -> "UserRows":
        """The users of a batch of ``USER_ROWS``.

        Args:
            batch: the users.
            rank: numbers that a user's factors must have.
            n_items: columns of ``cells``.
            column_of: the column for each that the batch has, each once.

        Raises:
            ContractError: a user's factors aren't as many as the items'.
        """
        ids, factors, columns, values = (batch[name] for name in USER_ROWS.columns)
        starts = _starts(columns)
        indices, data = column_of[columns.flatten().to_numpy()], values.flatten().to_numpy()
        cells = csr_matrix((data, indices, starts), (len(ids), n_items))
        cells = cells.sorted_indices()  # what came from Arrow can't be written to
        is_known = pc.list_value_length(factors).to_numpy() > 0
        dense = np.zeros((len(ids), rank), np.float32)
        dense[is_known] = to_matrix(factors.filter(pa.array(is_known)), rank=rank)
        return cls(ids, is_known, dense, cells)


def to_matrix(factors: pa.ListArray, *, rank: int) -> NDArray[np.float32]:
    """Lists of as many numbers each as a matrix.

    Raises:
        ContractError: a list has another length, or holds a null.
    """
    sizes = pc.list_value_length(factors).to_numpy(zero_copy_only=False)
    numbers = factors.flatten()
    if (sizes != rank).any() or numbers.null_count:
        raise ContractError(
            "factors",
            f"{rank} numbers each",
            f"{np.sum(sizes != rank)} of other lengths, {numbers.null_count} nulls",
            "train again: users' and items' factors are of different models",
        )
    dense: NDArray[np.float32] = numbers.to_numpy().reshape(-1, rank)
    return dense


def pack_users(cells: DataFrame, factors: DataFrame, *, n_blocks: int) -> DataFrame:
    """All users who have a cell, each with her cells and her factors, if she has any.

    Args:
        cells: ``USER_CELLS``. A null column keeps the user and is no item of hers.
        factors: ``USER_VECTORS``; who has no cell is left out: nothing is known of her any more.
        n_blocks: partitions; each must fit a worker a few times over.

    Returns:
        ``USER_ROWS``, sorted by user_id within each partition.

    Raises:
        ContractError: a column is missing or of another type; from the workers, a value is null.

    Cost: one shuffle of the cells and factors together.
    """
    require_columns(cells, USER_CELLS)
    require_columns(factors, USER_VECTORS)
    # Not a null for the factors: Spark 4.2 sizes an Arrow batch after each row, and goes through
    # all lists that are null in a row each time, which took five times as long as all the rest.
    none = F.array().cast(ArrayType(FloatType())).alias("factors")
    tagged = cells.select(*USER_CELLS.columns, none, F.lit(True).alias("is_cell")).unionByName(
        factors.select(
            "user_id",
            F.lit(None).cast("int").alias("column_index"),
            F.lit(None).cast("double").alias("value"),
            "factors",
            F.lit(False).alias("is_cell"),
        )
    )
    block = F.pmod(F.xxhash64("user_id"), F.lit(n_blocks)).cast("int")
    return (
        tagged.repartitionById(n_blocks, block)
        .mapInArrow(_pack, USER_ROWS.schema)
        .select(*USER_ROWS.columns)
    )


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    spare_modules()
    parts = list(batches)
    if not parts:
        return
    table = pa.Table.from_batches(parts)
    cells = table.filter(table["is_cell"])
    if cells["value"].null_count:
        raise ContractError(
            USER_CELLS.name,
            "a value in each cell",
            f"{cells['value'].null_count} nulls",
            "filter such cells, or mend the job that made them",
        )
    encoded = cells["user_id"].combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    numbers = np.empty(order.size, np.int32)
    numbers[order] = np.arange(order.size)
    users = numbers[encoded.indices.to_numpy(zero_copy_only=False)]
    ids = encoded.dictionary.take(pa.array(order))
    is_item = pc.is_valid(cells["column_index"]).to_numpy()
    columns = cells["column_index"].filter(pa.array(is_item)).to_numpy()
    shape = (order.size, int(columns.max(initial=-1)) + 1)
    matrix = csr_matrix((cells["value"].to_numpy()[is_item], (users[is_item], columns)), shape)
    known = table.filter(pc.invert(table["is_cell"]))
    place = pc.index_in(ids, known["user_id"].combine_chunks())
    factors = _without_nulls(known["factors"].combine_chunks().take(place))
    for first in range(0, len(ids), _BATCH):
        part = matrix[first : first + _BATCH]
        starts = pa.array(part.indptr, pa.int32())
        yield pa.RecordBatch.from_arrays(
            [
                ids[first : first + _BATCH],
                factors[first : first + _BATCH],
                pa.ListArray.from_arrays(starts, pa.array(part.indices, pa.int32())),
                pa.ListArray.from_arrays(starts, pa.array(part.data)),
            ],
            names=USER_ROWS.columns,
        )


def _without_nulls(lists: pa.ListArray) -> pa.ListArray:
    """Lists without entries where there are none."""
    sizes = pc.list_value_length(lists).fill_null(0).to_numpy()
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), lists.flatten())


def _starts(lists: pa.ListArray) -> NDArray[np.int32]:
    """Where each list begins among the flattened values, which start at 0."""
    offsets = lists.offsets.to_numpy()
    starts: NDArray[np.int32] = offsets - offsets[0]
    return starts
