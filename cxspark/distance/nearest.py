"""What a search has found for some queries: kept the best, made one of several, sent on."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from cxspark.distance.rows import from_lists, from_stream, to_lists, to_stream, widened

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_COLUMNS = ["query", "neighbor_id", "distance", "column_indices", "column_values"]


@dataclass(frozen=True)
class Nearest:
    """Candidates found for queries, one entry each; by query, then distance, then id.

    Attributes:
        query: row number of the query in its block.
        neighbor_id: the candidate's id.
        distance: not negative.
        rows: the candidate's own row; without cells where these aren't asked for.
    """

    query: Ints
    neighbor_id: pa.StringArray
    distance: Floats
    rows: csr_matrix

    @classmethod
    def none(cls) -> "Nearest":
        """No candidates yet."""
        return cls(np.empty(0, np.int64), pa.array([], pa.string()), np.empty(0), no_cells(0))

    @classmethod
    def from_bytes(cls, stream: pa.Buffer | bytes) -> "Nearest":
        """What ``to_bytes`` wrote."""
        query, ids, distance, columns, values = from_stream(stream).columns
        rows = from_lists(columns, values)
        return cls(query.to_numpy(), ids, distance.to_numpy(), rows)

    def to_bytes(self) -> bytes:
        """The entries as an Arrow stream."""
        columns = [pa.array(self.query), self.neighbor_id, pa.array(self.distance)]
        batch = pa.RecordBatch.from_arrays([*columns, *to_lists(self.rows)], names=_COLUMNS)
        return to_stream(batch)

    def merged(self, other: "Nearest", *, k: int) -> "Nearest":
        """The k nearest for each query among both; ties by the smaller id, in text order."""
        query = np.concatenate([self.query, other.query])
        ids = pa.concat_arrays([self.neighbor_id, other.neighbor_id])
        distance = np.concatenate([self.distance, other.distance])
        order = np.lexsort((_text_ranks(ids), distance, query))
        order = order[_places(query[order]) < k]
        n_columns = max(self.rows.shape[1], other.rows.shape[1])
        rows = vstack([widened(self.rows, n_columns), widened(other.rows, n_columns)], "csr")
        return Nearest(query[order], ids.take(pa.array(order)), distance[order], rows[order])

    def ranks(self) -> Ints:
        """Of each entry its place among its query's, from 1."""
        return _places(self.query) + 1

    def reach(self, n_queries: int, *, k: int) -> Floats:
        """The distance of each query's k-th, beyond which nothing can enter; infinite before it."""
        found = np.bincount(self.query, minlength=n_queries)
        reach = np.full(n_queries, np.inf)
        last = np.cumsum(found) - 1
        reach[found >= k] = self.distance[last[found >= k]]
        return reach


def no_cells(n_rows: int) -> csr_matrix:
    """So many rows with nothing in them."""
    return csr_matrix((n_rows, 0))


def _places(query: Ints) -> Ints:
    """Of each entry, in order of query, how many of its query's come before it."""
    places: Ints = np.arange(query.size) - np.searchsorted(query, query)
    return places


def _text_ranks(ids: pa.StringArray) -> Ints:
    """For each id its place among all of them in text order."""
    encoded = ids.dictionary_encode()
    ranks = np.empty(len(encoded.dictionary), np.int64)
    ranks[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(ranks.size)
    places: Ints = ranks[encoded.indices.to_numpy(zero_copy_only=False)]
    return places
