"""Users side by side with what they did: what recommendations are made from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DoubleType,
    FloatType,
    IntegerType,
    StringType,
    StructType,
)
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.table import Table, column
from cxspark.factorization.cuts import row_cuts

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

USER_PARTS = Table(
    name="users' parts",
    grain="one row per cell of a user, and one for her factors",
    schema=StructType(
        [
            *USER_CELLS.schema.fields[:2],
            column("value", DoubleType(), "of a cell", nullable=True),
            column("factors", ArrayType(FloatType()), "empty for a cell"),
            column("is_cell", BooleanType(), "a cell, or else factors"),
        ]
    ),
    key=("user_id", "is_cell", "column_index"),
)


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


def gather_users(cells: DataFrame, factors: DataFrame, *, n_blocks: int) -> DataFrame:
    """All users' cells and factors, a user's in one partition.

    Args:
        cells: ``USER_CELLS``. A null column keeps the user and is no item of hers.
        factors: ``USER_VECTORS``.
        n_blocks: partitions; each must fit a worker a few times over.

    Returns:
        ``USER_PARTS``, which ``unpack_users`` puts together in the workers.

    Raises:
        ContractError: a column is missing or of another type.

    Cost: one shuffle of the cells and factors together.
    """
    require_columns(cells, USER_CELLS)
    require_columns(factors, USER_VECTORS)
    # Not a null for the factors: where Spark sizes a batch after each row, it goes through all
    # lists that are null in a row each time.
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
    return tagged.select(*USER_PARTS.columns).repartitionById(n_blocks, block)


def unpack_users(
    batches: Iterator[pa.RecordBatch],
    *,
    rank: int,
    n_items: int,
    column_of: NDArray[np.int32],
    together: int,
    cells_together: int,
) -> Iterator[UserRows]:
    """All users of a partition who have a cell, by user_id.

    Args:
        batches: ``USER_PARTS``. Factors of a user without a cell are left out: nothing is known of
            her any more.
        rank: numbers that a user's factors must have.
        n_items: columns of the users' cells.
        column_of: the column for each that the batches have.
        together: users at a time, at most.
        cells_together: their cells, at most, unless one has more.

    Raises:
        ContractError: a cell's value is null; factors aren't as many as the items'.
    """
    parts = list(batches)
    if not parts:
        return
    table = pa.Table.from_batches(parts)
    cells, known = table.filter(table["is_cell"]), table.filter(pc.invert(table["is_cell"]))
    if cells["value"].null_count:
        raise ContractError(
            USER_CELLS.name,
            "a value in each cell",
            f"{cells['value'].null_count} nulls",
            "filter such cells, or mend the job that made them",
        )
    encoded = cells["user_id"].combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    ids = encoded.dictionary.take(order)
    place = np.empty(len(ids), np.int32)
    place[order.to_numpy()] = np.arange(len(ids))
    user = place[encoded.indices.to_numpy(zero_copy_only=False)]
    is_item = cells["column_index"].is_valid().to_numpy()
    columns = column_of[cells["column_index"].drop_null().to_numpy()]
    values = cells["value"].to_numpy()[is_item]
    matrix = csr_matrix((values, (user[is_item], columns)), (len(ids), n_items))

    factors, is_known = _factors_of(ids, known, rank=rank)
    for some in row_cuts(matrix.indptr, rows=together, cells=cells_together):
        yield UserRows(ids[some], is_known[some], factors[some], matrix[some])


def _factors_of(
    ids: pa.Array, known: pa.Table, *, rank: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Users' factors, zeros for those who have none, and who has some."""
    known = known.append_column("place", pc.index_in(known["user_id"], ids))
    known = known.filter(known["place"].is_valid()).combine_chunks()
    has_factors = known["place"].to_numpy()
    factors = np.zeros((len(ids), rank), np.float32)
    factors[has_factors] = to_matrix(known["factors"].combine_chunks(), rank=rank)
    is_known = np.zeros(len(ids), bool)
    is_known[has_factors] = True
    return factors, is_known
