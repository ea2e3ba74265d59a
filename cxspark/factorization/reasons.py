"""Why an item is recommended: what each thing that a user has gave to its score."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.factorization.fold_in import FoldIn

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# What is left of a score is told where it isn't rounding: factors are in single precision.
_ROUNDING = 1e-5
_NOTHING = np.empty(0, np.int64)


@dataclass(frozen=True)
class Reasons:
    """Reasons of picks, one entry each, by pick, the greatest contribution first.

    Attributes:
        n_picks: how many picks there are.
        pick: which pick a reason is for, ascending.
        column: the item that is the reason; -1 for what is left, which comes last.
        contribution: its part of the score; a pick's add up to its score.
        kind: of reasons that are items: item or popularity.
    """

    n_picks: int
    pick: Ints
    column: Ints
    contribution: Floats
    kind: str

    def as_lists(self, ids: pa.Array) -> pa.ListArray:
        """A list of reasons for each pick, as ``RECOMMENDATIONS`` has them."""
        is_item = self.column >= 0
        kinds = pa.array(["other", self.kind]).take(pa.array(is_item.astype(np.int8)))
        named = ids.take(pa.array(self.column, mask=~is_item)).fill_null("")
        reasons = pa.StructArray.from_arrays(
            [kinds, named, pa.nulls(len(named), pa.float64()), pa.array(self.contribution)],
            names=["kind", "id", "distance", "contribution"],
        )
        starts = np.searchsorted(self.pick, np.arange(self.n_picks + 1))
        return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), reasons)


def split_scores(
    fold_in: FoldIn, cells: csr_matrix, scores: Floats, columns: Ints, n_reasons: int | None
) -> Reasons:
    """The scores of picks, each as a sum over what the user has.

    Args:
        fold_in: the equations that say what gave how much.
        cells: users x items.
        scores: users x n, as ``top_items`` gives them.
        columns: users x n; -1 for none.
        n_reasons: the greatest contributions that are told, ties by the smaller column; None for
            all. What is left is one more reason, if it is more than rounding. 0: no reasons.
    """
    user, place = np.nonzero(columns >= 0)
    if n_reasons == 0 or not user.size:
        return Reasons(user.size, _NOTHING, _NOTHING, np.empty(0), "item")
    parts, _ = fold_in.contributions(cells, columns)
    number = np.full(columns.shape, -1, np.int64)
    number[user, place] = np.arange(user.size)
    owner = np.repeat(np.arange(cells.shape[0]), np.diff(cells.indptr))
    # Entries x n parts, with the pick and the item that each belongs to.
    pick, entry = number[owner].ravel(), np.repeat(np.arange(cells.nnz), columns.shape[1])
    given = parts.ravel()
    counts = np.flatnonzero((pick >= 0) & (given != 0))
    counts = counts[np.lexsort((cells.indices[entry[counts]], -given[counts], pick[counts]))]
    pick, given = pick[counts], given[counts]
    column = cells.indices[entry[counts]].astype(np.int64)
    if n_reasons is not None:
        kept = np.arange(pick.size) - np.searchsorted(pick, pick) < n_reasons
        pick, given, column = pick[kept], given[kept], column[kept]
    sizes = np.bincount(pick, np.abs(given), user.size)
    left = scores[user, place] - np.bincount(pick, given, user.size)
    more = np.flatnonzero(np.abs(left) > _ROUNDING * np.maximum(sizes, np.abs(left)))
    pick, given = np.concatenate([pick, more]), np.concatenate([given, left[more]])
    column = np.concatenate([column, np.full(more.size, -1)])
    order = np.argsort(pick, kind="stable")
    return Reasons(user.size, pick[order], column[order], given[order], "item")


def popular_reasons(scores: Floats, columns: Ints, n_reasons: int | None) -> Reasons:
    """An item that is recommended as it is popular is its own reason."""
    user, place = np.nonzero(columns >= 0)
    if n_reasons == 0:
        return Reasons(user.size, _NOTHING, _NOTHING, np.empty(0), "popularity")
    chosen = columns[user, place]
    return Reasons(user.size, np.arange(user.size), chosen, scores[user, place], "popularity")
