"""Distances between the rows of sparse matrices, each in two forms.

``rank_by`` gives a product of matrices that orders all candidates of all queries at once, for the
search; ``distances_between`` gives the exact distance of chosen pairs, for the result. Manhattan's
distance is no product: the kernel takes it of full rows, tile by tile.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, identity

ProductMetric = Literal["euclidean", "cosine", "jaccard"]
Metric = Literal["euclidean", "cosine", "jaccard", "manhattan"]
Floats = NDArray[np.float64]
# More than the rounding of a sum of some hundred products of the order of 1, less than a difference
# that means something.
_SETBACK = 2.0**-44


@dataclass(frozen=True)
class Ranking:
    """What is the greater the nearer: ``product = base + left @ right.T``.

    Attributes:
        left: queries x anything.
        right: candidates x the same.
        base: one per candidate.
        offset: one per query: ``distance ** power = offset - product``.
        power: 2 where the product orders squared distances, else 1.
        setback: one per query: more than the products of two equal distances differ by; 0 where
            they are whole numbers, and so not rounded.
    """

    left: csr_matrix
    right: csr_matrix
    base: Floats
    offset: Floats
    power: int
    setback: Floats

    def floor(self, reach: Floats) -> Floats:
        """What every candidate within this distance of a query exceeds, set back or not."""
        return self.offset - reach**self.power - margin(self.setback, self.base.size)

    def distances(self, rows: NDArray[np.int64], products: Floats) -> Floats:
        """Of candidates from queries whose products these are; rounded where there is a setback."""
        powers = np.maximum(self.offset[rows] - products, 0.0)
        return np.sqrt(powers) if self.power == 2 else powers


def margin(setback: Floats, n_candidates: int) -> Floats:
    """By what a product may be less than it should, because of rounding and of the setback."""
    return np.where(setback > 0, setback * (n_candidates + 64), 0.5)


def rank_by(
    metric: ProductMetric, queries: csr_matrix, candidates: csr_matrix, *, k: int
) -> Ranking:
    """How the candidates are ordered, for each query, by one product of sparse matrices.

    Args:
        metric: euclidean, cosine or jaccard.
        queries: at least one row.
        candidates: at least one row, as many columns.
        k: how many are wanted: tells which differences matter.
    """
    if metric == "euclidean":
        return _rank_euclidean(queries, candidates, k)
    one, zero = np.ones(queries.shape[0]), np.zeros(candidates.shape[0])
    if metric == "cosine":
        left, right = _normalised(queries), _normalised(candidates)
    else:
        left = _jaccard_similarity(queries, candidates)
        right = identity(candidates.shape[0], format="csr")
    return Ranking(left, right, zero, one, 1, _SETBACK * one)


def distances_between(metric: Metric, a: csr_matrix, b: csr_matrix) -> Floats:
    """The distance of each row of ``a`` to the same row of ``b``.

    Euclidean: sqrt(sum (a - b)^2). Manhattan: sum |a - b|. Cosine: 1 - a.b / (|a| |b|),
    between 0 and 2. Jaccard: 1 - the share of common cells among the cells that either has; a cell
    is a value that isn't zero. By cosine and Jaccard a row of zeros has nothing in common with any
    row, not even another row of zeros: the distance is 1. Whole numbers give equal results for
    equal distances, to the bit.

    Example:
        >>> a, b = csr_matrix([[3.0, 0.0], [1.0, 1.0]]), csr_matrix([[0.0, 4.0], [1.0, 0.0]])
        >>> distances_between("euclidean", a, b).tolist()
        [5.0, 1.0]
        >>> distances_between("jaccard", a, b).tolist()
        [1.0, 0.5]
    """
    if metric == "euclidean":
        return np.sqrt(_squared_norms((a - b).tocsr()))
    if metric == "manhattan":
        return _row_sums(abs(a - b).tocsr())
    if metric == "cosine":
        dot = _row_sums(a.multiply(b).tocsr())
        squared = _squared_norms(a) * _squared_norms(b)
        # A fraction of whole numbers where the values are whole: equal cosines are equal floats.
        cosine_squared = np.divide(dot * dot, squared, out=np.zeros_like(dot), where=squared > 0)
        return np.maximum(0.0, 1.0 - np.sign(dot) * np.sqrt(cosine_squared))
    a, b = _support(a), _support(b)
    common = _row_sums(a.multiply(b).tocsr())
    either = _row_sums(a) + _row_sums(b) - common
    return 1.0 - np.divide(common, either, out=np.zeros_like(common), where=either > 0)


def manhattan_setback(queries: csr_matrix, candidates: csr_matrix, *, k: int) -> Floats:
    """One per query: more than the sums of two equal Manhattan distances differ by."""
    ours, theirs = (_row_sums(abs(side).tocsr()) for side in (queries, candidates))
    if _is_whole(queries, ours) and _is_whole(candidates, theirs):
        return np.zeros(ours.size)
    return _SETBACK * (ours + _kth(theirs, k))


def _kth(values: Floats, k: int) -> float:
    """The k-th smallest, or the greatest where there are fewer."""
    place = min(k, values.size) - 1
    return float(np.partition(values, place)[place])


def _rank_euclidean(queries: csr_matrix, candidates: csr_matrix, k: int) -> Ranking:
    """By |a|^2 - |a - b|^2 = 2 a.b - |b|^2.

    Whole numbers, such as counts, are exact. Others are rounded by a share of the greatest square
    that can matter: the k nearest are no farther than |a| + the k-th smallest |b|.
    """
    ours, theirs = _squared_norms(queries), _squared_norms(candidates)
    if _is_whole(queries, ours) and _is_whole(candidates, theirs):
        setback = np.zeros(ours.size)
    else:
        setback = _SETBACK * (np.sqrt(ours) + np.sqrt(_kth(theirs, k))) ** 2
    return Ranking(_scaled(np.full(ours.size, 2.0), queries), candidates, -theirs, ours, 2, setback)


def _jaccard_similarity(queries: csr_matrix, candidates: csr_matrix) -> csr_matrix:
    """Common cells / cells of either, for the pairs with something in common."""
    ours, theirs = _support(queries), _support(candidates)
    similarity: csr_matrix = (ours @ theirs.T).tocsr()
    sizes = np.repeat(_row_sums(ours), np.diff(similarity.indptr))
    sizes += _row_sums(theirs)[similarity.indices]
    similarity.data /= sizes - similarity.data
    return similarity


def _normalised(rows: csr_matrix) -> csr_matrix:
    norms = np.sqrt(_squared_norms(rows))
    return _scaled(np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0), rows)


def _scaled(factors: Floats, rows: csr_matrix) -> csr_matrix:
    data = rows.data * np.repeat(factors, np.diff(rows.indptr))
    return csr_matrix((data, rows.indices, rows.indptr), rows.shape)


def _support(rows: csr_matrix) -> csr_matrix:
    """1 where a value isn't zero."""
    ones = (rows.data != 0).astype(np.float64)
    return csr_matrix((ones, rows.indices, rows.indptr), rows.shape)


def _is_whole(rows: csr_matrix, squared_norms: Floats) -> bool:
    """Whether sums of products of such rows are whole, with bits to spare for a square root."""
    return squared_norms.max() < 2.0**44 and bool(np.array_equal(rows.data, np.rint(rows.data)))


def _squared_norms(rows: csr_matrix) -> Floats:
    return _row_sums(csr_matrix((rows.data**2, rows.indices, rows.indptr), rows.shape))


def _row_sums(rows: csr_matrix) -> Floats:
    """Summed in the order of the columns, so that equal rows have equal sums."""
    return np.asarray(rows @ np.ones(rows.shape[1]), dtype=np.float64)
