"""The k nearest rows of one block in another."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from cxspark.distance.metrics import (
    Metric,
    distances_between,
    manhattan_setback,
    margin,
    rank_by,
)
from cxspark.distance.nearest import Nearest, no_cells
from cxspark.distance.product import greatest_products
from cxspark.distance.rows import RowBlock, widened
from cxspark.distance.tiles import sift_tiles

# Further candidates looked at, so that those whom the setback misplaces aren't lost.
_SPARE = 4
# Cells of pairs at once, when their distances are taken: what a processor's cache holds.
_CELLS = 2**18
# Queries at once by Jaccard, whose product of two blocks is kept for a moment.
_JACCARD_SLICE = 1024

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def extend_nearest(
    nearest: Nearest,
    queries: RowBlock,
    candidates: RowBlock,
    *,
    k: int,
    metric: Metric,
    same: bool = False,
    keep_rows: bool = False,
    n_compared: int | None = None,
) -> Nearest:
    """What is nearest after one more block of candidates.

    Exact: the search orders candidates by one product in float64, of equal ones the smaller id
    first; the few best get their distance by its definition, unless whole numbers have given it
    already, and the k nearest stay, ties by id.
    Only where more than 4 candidates lie within 1e-9 of the k-th distance, relative to the lengths
    of the rows, and yet aren't equal to it, may another of them be kept; never of whole numbers.

    Args:
        nearest: what the blocks before it gave, ``Nearest.none()`` at first.
        queries: the rows it is sought for, the same at every call.
        candidates: the rows to choose from.
        k: how many are wanted.
        metric: euclidean, cosine or jaccard; manhattan of rows that are full.
        same: both blocks are the same rows: a row isn't its own neighbour.
        keep_rows: those found bring their own rows along.
        n_compared: columns from this one on don't count, and are all that is brought along.

    Cost: compiled, 2 to 3 ns for each query x candidate with 50 cells a row; memory a few times
    the two blocks and the result.
    """
    if not len(queries.ids) or not len(candidates.ids):
        return nearest
    ours = widened(queries.matrix, candidates.matrix.shape[1])
    theirs = widened(candidates.matrix, queries.matrix.shape[1])
    carried = candidates.matrix
    if n_compared is not None:
        carried = theirs[:, n_compared:]
        ours, theirs = ours[:, :n_compared], theirs[:, :n_compared]
    # A row among its own candidates takes a place until it is dropped.
    wanted = k + same
    reach = nearest.reach(ours.shape[0], k=k)
    step = _JACCARD_SLICE if metric == "jaccard" else ours.shape[0]
    parts = [
        _best(
            ours[start : start + step], theirs, reach[start : start + step], k=wanted, metric=metric
        )
        for start in range(0, ours.shape[0], step)
    ]
    query = np.concatenate([part.query + number * step for number, part in enumerate(parts)])
    position = np.concatenate([part.position for part in parts])
    distance = np.concatenate([part.distance for part in parts])
    if same:
        others = query != position
        query, position, distance = query[others], position[others], distance[others]
    if not all(part.is_exact for part in parts):
        distance = _distances(ours, theirs, query, position, metric)
    rows = carried[position] if keep_rows else no_cells(position.size)
    entering = Nearest(query, candidates.ids.take(pa.array(position)), distance, rows)
    return nearest.merged(entering, k=k)


class _Best(NamedTuple):
    """Candidates of queries, by position, and what orders them: exact where nothing was rounded."""

    query: Ints
    position: Ints
    distance: Floats
    is_exact: bool


def _best(
    queries: csr_matrix, candidates: csr_matrix, reach: Floats, *, k: int, metric: Metric
) -> _Best:
    """For each query the k best candidates within its reach, and some to spare where rounded."""
    if metric == "manhattan":
        return _best_by_manhattan(queries, candidates, reach, k=k)
    ranking = rank_by(metric, queries, candidates, k=k)
    rows, columns, products = greatest_products(
        ranking.left,
        ranking.right,
        ranking.base,
        floor=ranking.floor(reach),
        setback=ranking.setback,
        n=min(k + _spare(ranking.setback), candidates.shape[0]),
    )
    return _Best(rows, columns, ranking.distances(rows, products), not _spare(ranking.setback))


def _best_by_manhattan(
    queries: csr_matrix, candidates: csr_matrix, reach: Floats, *, k: int
) -> _Best:
    """The same where no product orders the candidates: the distances themselves, of full rows."""
    setback = manhattan_setback(queries, candidates, k=k)
    ours, theirs = queries.toarray(), candidates.toarray()

    def fill(rows: slice, columns: slice, out: Floats) -> None:
        cdist(ours[rows], theirs[columns], "cityblock", out=out)
        out += setback[rows, None] * np.arange(columns.start, columns.stop)
        np.negative(out, out=out)

    floor = -reach - margin(setback, len(theirs))
    n = min(k + _spare(setback), len(theirs))
    values, found = sift_tiles(fill, len(theirs), floor=floor, n=n)
    rows, places = np.nonzero(found >= 0)
    position = found[rows, places].astype(np.int64)
    return _Best(rows, position, -values[rows, places], not _spare(setback))


def _spare(setback: Floats) -> int:
    """Further candidates looked at: none where what orders them isn't rounded."""
    return _SPARE if setback.any() else 0


def _distances(
    queries: csr_matrix, candidates: csr_matrix, query: Ints, position: Ints, metric: Metric
) -> Floats:
    """The exact distance of each pair."""
    cells = np.diff(queries.indptr)[query] + np.diff(candidates.indptr)[position]
    cuts = np.flatnonzero(np.diff(np.cumsum(cells, dtype=np.int64) // _CELLS)) + 1
    pairs = zip(np.split(query, cuts), np.split(position, cuts), strict=True)
    return np.concatenate([distances_between(metric, queries[q], candidates[p]) for q, p in pairs])
