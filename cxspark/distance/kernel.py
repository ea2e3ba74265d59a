"""The k nearest rows of one block in another, and how the results of many blocks become one."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sparse_dot_topn import sp_matmul_topn

from cxspark.distance.metrics import (
    Metric,
    Ranking,
    distances_between,
    prepend_column,
    rank_by,
)
from cxspark.distance.rows import RowBlock

# Among equals the library keeps any. So each candidate is set back by its position times this: more
# than the rounding of a sum, far less than a difference that means something.
_SETBACK = 2.0**-44
# The same where all products are whole numbers; of fewer candidates than this, less than one.
_WHOLE_SETBACK = 2.0**-14
# Further candidates looked at, so that those whom the setback misplaces aren't lost.
_SPARE = 4
# Cells of pairs at once, when their distances are taken: what a processor's cache holds.
_CELLS = 2**18
# Queries at once by Jaccard, whose product of two blocks is kept for a moment.
_JACCARD_SLICE = 1024

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Nearest:
    """Candidates found for queries, one entry each; by query, then distance, then id.

    Attributes:
        query: row number of the query in its block.
        neighbor_id: the candidate's id.
        distance: not negative.
    """

    query: Ints
    neighbor_id: pa.StringArray
    distance: Floats

    @classmethod
    def none(cls) -> "Nearest":
        """No candidates yet."""
        return cls(np.empty(0, np.int64), pa.array([], pa.string()), np.empty(0))

    def merged(self, other: "Nearest", *, k: int) -> "Nearest":
        """The k nearest for each query among both; ties by the smaller id, in text order."""
        query = np.concatenate([self.query, other.query])
        ids = pa.concat_arrays([self.neighbor_id, other.neighbor_id])
        distance = np.concatenate([self.distance, other.distance])
        order = np.lexsort((_text_ranks(ids), distance, query))
        place = np.arange(order.size) - np.searchsorted(query[order], query[order])
        order = order[place < k]
        return Nearest(query[order], ids.take(pa.array(order)), distance[order])

    def reach(self, n_queries: int, *, k: int) -> Floats:
        """The distance of each query's k-th, beyond which nothing can enter; infinite before it."""
        found = np.bincount(self.query, minlength=n_queries)
        reach = np.full(n_queries, np.inf)
        last = np.cumsum(found) - 1
        reach[found >= k] = self.distance[last[found >= k]]
        return reach


def extend_nearest(
    nearest: Nearest,
    queries: RowBlock,
    candidates: RowBlock,
    *,
    k: int,
    metric: Metric,
    same: bool = False,
) -> Nearest:
    """What is nearest after one more block of candidates.

    Exact: the search orders candidates by one product in float64, the few best get their distance
    by its definition, and the k nearest stay, ties by id. Only where more than 4 candidates lie
    within 1e-9 of the k-th distance, relative to the lengths of the rows, and yet aren't equal to
    it, may another of them be kept.

    Args:
        nearest: what the blocks before it gave, ``Nearest.none()`` at first.
        queries: the rows it is sought for, the same at every call.
        candidates: the rows to choose from.
        k: how many are wanted.
        metric: euclidean, cosine or jaccard.
        same: both blocks are the same rows: a row isn't its own neighbour.

    Cost: in C++, about 10 ns for each query x candidate with 50 cells a row; memory a few times the
    two blocks and the result.
    """
    if not len(queries.ids) or not len(candidates.ids):
        return nearest
    ours = queries.widened(candidates.matrix.shape[1])
    theirs = candidates.widened(queries.matrix.shape[1])
    # A row among its own candidates takes a place until it is dropped.
    wanted = k + same
    step = _JACCARD_SLICE if metric == "jaccard" else ours.shape[0]
    parts = [
        _best(ours[start : start + step], theirs, start, k=wanted, metric=metric)
        for start in range(0, ours.shape[0], step)
    ]
    query, position, at_least = (np.concatenate(part) for part in zip(*parts, strict=True))
    enters = at_least <= nearest.reach(ours.shape[0], k=k)[query]
    if same:
        enters &= query != position
    query, position = query[enters], position[enters]
    distance = _distances(ours, theirs, query, position, metric)
    entering = Nearest(query, candidates.ids.take(pa.array(position)), distance)
    return nearest.merged(entering, k=k)


def _best(
    queries: csr_matrix, candidates: csr_matrix, start: int, *, k: int, metric: Metric
) -> tuple[Ints, Ints, Floats]:
    """For each query the k best candidates and some to spare: query, position, least distance.

    The queries are numbered from ``start``.
    """
    ranking = rank_by(metric, queries, candidates, k=k)
    n_candidates = candidates.shape[0]
    left, right, setback = _set_back(ranking, n_candidates)
    best = sp_matmul_topn(
        left,
        right.T.tocsr(),
        top_n=min(k + _SPARE, n_candidates),
        threshold=-np.inf,
        n_threads=1,
    )
    query = np.repeat(np.arange(queries.shape[0]), np.diff(best.indptr))
    greatest = best.data + setback * (n_candidates + 64)
    least = np.maximum(ranking.offset[query] - ranking.scale[query] * greatest, 0.0)
    return query + start, best.indices.astype(np.int64), least ** (1.0 / ranking.power)


def _set_back(ranking: Ranking, n_candidates: int) -> tuple[csr_matrix, csr_matrix, float]:
    """The ranking's two sides with each candidate set back by its position times what is returned.

    The value is stored for every candidate, so that those with nothing in common are seen too.
    """
    position = np.arange(1.0, n_candidates + 1)
    if ranking.is_whole and n_candidates < 1.0 / _WHOLE_SETBACK:
        # There is such a column already: a second one is a quarter of the search's time.
        right = ranking.right.copy()
        right.data[right.indptr[:-1]] -= _WHOLE_SETBACK * position
        return ranking.left, right, _WHOLE_SETBACK
    left = prepend_column(np.ones(ranking.left.shape[0]), ranking.left)
    return left, prepend_column(-_SETBACK * position, ranking.right), _SETBACK


def _distances(
    queries: csr_matrix, candidates: csr_matrix, query: Ints, position: Ints, metric: Metric
) -> Floats:
    """The exact distance of each pair."""
    cells = np.diff(queries.indptr)[query] + np.diff(candidates.indptr)[position]
    cuts = np.flatnonzero(np.diff(np.cumsum(cells, dtype=np.int64) // _CELLS)) + 1
    pairs = zip(np.split(query, cuts), np.split(position, cuts), strict=True)
    return np.concatenate([distances_between(metric, queries[q], candidates[p]) for q, p in pairs])


def _text_ranks(ids: pa.StringArray) -> Ints:
    """For each id its place among all of them in text order."""
    encoded = ids.dictionary_encode()
    ranks = np.empty(len(encoded.dictionary), np.int64)
    ranks[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(ranks.size)
    places: Ints = ranks[encoded.indices.to_numpy(zero_copy_only=False)]
    return places
