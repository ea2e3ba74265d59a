"""Some rows of a sparse matrix with their ids: what is shuffled, broadcast and searched."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.contracts.errors import ContractError

_STREAM = pa.schema(
    [
        ("row_id", pa.string()),
        ("column_indices", pa.list_(pa.int32())),
        ("column_values", pa.list_(pa.float64())),
    ]
)


@dataclass(frozen=True)
class RowBlock:
    """Some rows of a sparse matrix.

    Attributes:
        ids: ascending, in text order.
        matrix: one row each, columns ascending; as wide as its greatest column asks.
    """

    ids: pa.StringArray
    matrix: csr_matrix

    @classmethod
    def of_cells(
        cls, ids: pa.StringArray, columns: NDArray[np.int32], values: NDArray[np.float64]
    ) -> "RowBlock":
        """The rows that the cells make up; doubled cells are added.

        Raises:
            ContractError: a column is negative, or a value isn't finite.
        """
        _require_finite(columns, values)
        encoded = ids.dictionary_encode()
        order = pc.sort_indices(encoded.dictionary).to_numpy()
        numbers = np.empty(order.size, np.int32)
        numbers[order] = np.arange(order.size)
        rows = numbers[encoded.indices.to_numpy(zero_copy_only=False)]
        shape = (order.size, int(columns.max(initial=-1)) + 1)
        matrix = csr_matrix((values, (rows, columns)), shape)
        return cls(encoded.dictionary.take(pa.array(order)), matrix)

    @classmethod
    def of_values(cls, ids: pa.StringArray, values: NDArray[np.float64]) -> "RowBlock":
        """The rows of an array, each with all its columns; ids ascending.

        Raises:
            ContractError: a value isn't finite.
        """
        n_rows, n_columns = values.shape
        columns = np.tile(np.arange(n_columns, dtype=np.int32), n_rows)
        _require_finite(columns, values.ravel())
        starts = np.arange(n_rows + 1, dtype=np.int32) * n_columns
        return cls(ids, csr_matrix((values.ravel(), columns, starts), values.shape))

    @classmethod
    def from_bytes(cls, stream: pa.Buffer | bytes) -> "RowBlock":
        """The block that ``to_bytes`` wrote."""
        ids, columns, values = from_stream(stream).columns
        return cls(ids, from_lists(columns, values))

    def to_batch(self) -> pa.RecordBatch:
        """One record per row: row_id, column_indices, column_values."""
        return pa.RecordBatch.from_arrays([self.ids, *to_lists(self.matrix)], schema=_STREAM)

    def to_bytes(self) -> bytes:
        """The block as an Arrow stream."""
        return to_stream(self.to_batch())

    def with_cells(self, at_least: int) -> "RowBlock":
        """The rows that have so many cells other than zero, without their zeros."""
        matrix = self.matrix
        if not matrix.data.all():
            matrix = matrix.copy()
            matrix.eliminate_zeros()
        enough = np.flatnonzero(np.diff(matrix.indptr) >= at_least)
        if enough.size == len(self.ids):
            return RowBlock(self.ids, matrix)
        return RowBlock(self.ids.take(pa.array(enough)), matrix[enough])


def _require_finite(columns: NDArray[np.int32], values: NDArray[np.float64]) -> None:
    if columns.min(initial=0) < 0 or not np.isfinite(values).all():
        raise ContractError(
            "cells",
            "columns from 0 and finite values",
            f"column {columns.min()}, {np.sum(~np.isfinite(values))} values not finite",
            "filter such cells, or mend the job that made them",
        )


def widened(matrix: csr_matrix, n_columns: int) -> csr_matrix:
    """The matrix with at least so many columns."""
    shape = (matrix.shape[0], max(n_columns, matrix.shape[1]))
    return csr_matrix((matrix.data, matrix.indices, matrix.indptr), shape)


def to_lists(matrix: csr_matrix) -> tuple[pa.ListArray, pa.ListArray]:
    """Each row's columns and values, as Arrow has them."""
    offsets = pa.array(matrix.indptr, pa.int32())
    columns = pa.ListArray.from_arrays(offsets, pa.array(matrix.indices, pa.int32()))
    return columns, pa.ListArray.from_arrays(offsets, matrix.data)


def from_lists(columns: pa.ListArray, values: pa.ListArray) -> csr_matrix:
    """The matrix of lists that ``to_lists`` made; as wide as its greatest column asks."""
    indices, data = columns.values.to_numpy(), values.values.to_numpy()
    shape = (len(columns), int(indices.max(initial=-1)) + 1)
    return csr_matrix((data, indices, columns.offsets.to_numpy()), shape)


def to_stream(batch: pa.RecordBatch) -> bytes:
    """One batch as an Arrow stream.

    Compressed: a block goes through the pipe to a worker once for every other block, and takes
    longer there than LZ4 does.
    """
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def from_stream(stream: pa.Buffer | bytes) -> pa.RecordBatch:
    """The batch of a stream that ``to_stream`` wrote."""
    return pa.ipc.open_stream(stream).read_next_batch()
