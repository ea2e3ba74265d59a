"""Why an item is recommended: what each thing that a user has gave to its score."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.distance import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# What is left of a score is told where it isn't rounding: factors are in single precision.
_ROUNDING = 1e-5
_NOTHING = np.empty(0, np.int64)


_KINDS = ["other", "item", "popularity"]
_OTHER, _ITEM, _POPULARITY = range(3)


@dataclass(frozen=True)
class Reasons:
    """Reasons of picks, one entry each, by pick, the greatest contribution first.

    Attributes:
        n_picks: how many picks there are.
        pick: which pick a reason is for, ascending.
        kind: its place in other, item, popularity; what is left (other) comes last.
        column: the item that is the reason; -1 for what is left.
        contribution: its part of the score; a pick's add up to its score.
    """

    n_picks: int
    pick: Ints
    kind: Ints
    column: Ints
    contribution: Floats

    def as_lists(self, ids: pa.Array) -> pa.ListArray:
        """A list of reasons for each pick, as ``RECOMMENDATIONS`` has them."""
        kinds = pa.array(_KINDS).take(pa.array(self.kind))
        named = ids.take(pa.array(self.column, mask=self.column < 0)).fill_null("")
        reasons = pa.StructArray.from_arrays(
            [kinds, named, pa.nulls(len(named), pa.float64()), pa.array(self.contribution)],
            names=["kind", "id", "distance", "contribution"],
        )
        starts = np.searchsorted(self.pick, np.arange(self.n_picks + 1))
        return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), reasons)


def no_reasons(columns: Ints) -> Reasons:
    """Nothing is told of the picks."""
    return Reasons(int(np.sum(columns >= 0)), _NOTHING, _NOTHING, _NOTHING, np.empty(0))


def split_scores(
    parts: Floats,
    cells: csr_matrix,
    scores: Floats,
    columns: Ints,
    *,
    n_reasons: int | None,
    popularity: Floats | None = None,
) -> Reasons:
    """The scores of picks, each as a sum over what the user has.

    Args:
        parts: what each entry of ``cells`` gave to each of its user's picks: entries x n.
        cells: users x items.
        scores: users x n.
        columns: users x n, the picks; -1 for none.
        n_reasons: the greatest contributions of items that are told, ties by the smaller column;
            None for all. What is left is one more reason, if it is more than rounding.
        popularity: users x n, what the pick's own popularity gave; None where it plays no part.
    """
    user, place = np.nonzero(columns >= 0)
    number = np.full(columns.shape, -1, np.int64)
    number[user, place] = np.arange(user.size)
    if n_reasons is None:
        pick, entry, given = _all_parts(parts, cells, number)
    else:
        pick, entry, given = _greatest_parts(parts, cells, number, min(n_reasons, cells.nnz))
    column = cells.indices[entry].astype(np.int64)
    told = Reasons(user.size, pick, np.full(pick.size, _ITEM), column, given)
    if popularity is not None:
        told = _joined(told, _of_all(popularity[user, place], columns[user, place], _POPULARITY))
    sizes = np.bincount(told.pick, np.abs(told.contribution), user.size)
    left = scores[user, place] - np.bincount(told.pick, told.contribution, user.size)
    rest = _of_all(left, np.full(user.size, -1), _OTHER)
    return _joined(told, rest, np.abs(left) > _ROUNDING * np.maximum(sizes, np.abs(left)))


def _all_parts(parts: Floats, cells: csr_matrix, number: Ints) -> tuple[Ints, Ints, Floats]:
    """Pick, entry of the cells and contribution of all that gave something, the greatest first."""
    owner = np.repeat(np.arange(cells.shape[0]), np.diff(cells.indptr))
    pick, entry = number[owner].ravel(), np.repeat(np.arange(cells.nnz), number.shape[1])
    given = parts.ravel()
    counts = np.flatnonzero((pick >= 0) & (given != 0))
    order = np.lexsort((cells.indices[entry[counts]], -given[counts], pick[counts]))
    counts = counts[order]
    return pick[counts], entry[counts], given[counts]


def _greatest_parts(
    parts: Floats, cells: csr_matrix, number: Ints, n: int
) -> tuple[Ints, Ints, Floats]:
    """The same for the n greatest of each pick, without putting the others in order."""
    found = np.full((*number.shape, n), -1, np.int64)
    starts, columns = cells.indptr.astype(np.int64), cells.indices.astype(np.int64)
    _enter_greatest(np.ascontiguousarray(parts, np.float64), (starts, columns), number, found)
    user, place, nth = np.nonzero(found >= 0)
    entry = found[user, place, nth]
    return number[user, place], entry, parts[entry, place]


@compiled
def _enter_greatest(parts: Floats, cells: tuple[Ints, Ints], number: Ints, found: Ints) -> None:
    """Write the entries of each pick's greatest parts into ``found``, the greatest first."""
    starts, columns = cells
    n = found.shape[2]
    if n == 0:
        return
    for user in range(number.shape[0]):
        for place in range(number.shape[1]):
            if number[user, place] < 0:
                continue
            best = found[user, place]
            for entry in range(starts[user], starts[user + 1]):
                given = parts[entry, place]
                if given == 0.0:
                    continue
                at = n
                while at > 0:
                    other = best[at - 1]
                    if other >= 0 and (
                        parts[other, place] > given
                        or (parts[other, place] == given and columns[other] < columns[entry])
                    ):
                        break
                    if at < n:
                        best[at] = other
                    at -= 1
                if at < n:
                    best[at] = entry


def popular_reasons(scores: Floats, columns: Ints) -> Reasons:
    """An item that is recommended as it is popular is its own reason."""
    chosen = columns >= 0
    return _of_all(scores[chosen], columns[chosen], _POPULARITY)


def _of_all(contributions: Floats, columns: Ints, kind: int) -> Reasons:
    """One reason for each pick."""
    size = columns.size
    return Reasons(size, np.arange(size), np.full(size, kind), columns, contributions)


def _joined(some: Reasons, more: Reasons, chosen: NDArray[np.bool_] | None = None) -> Reasons:
    """Both, each pick's by their contributions, with what is left as the last."""
    which = slice(None) if chosen is None else chosen
    pick = np.concatenate([some.pick, more.pick[which]])
    kind = np.concatenate([some.kind, more.kind[which]])
    column = np.concatenate([some.column, more.column[which]])
    given = np.concatenate([some.contribution, more.contribution[which]])
    order = np.lexsort((column, -given, kind == _OTHER, pick))
    return Reasons(some.n_picks, pick[order], kind[order], column[order], given[order])
