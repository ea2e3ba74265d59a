"""For every user the items that suit her best, the way they came, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.distance import spare_modules, use_one_thread
from cxspark.factorization.cuts import cells_together
from cxspark.factorization.fold_in import FoldIn
from cxspark.factorization.items import Catalogue
from cxspark.factorization.lists import LIST_SCHEMA, list_rows
from cxspark.factorization.reasons import Reasons, no_reasons, popular_reasons, split_scores
from cxspark.factorization.topn import top_items
from cxspark.factorization.users import USER_PARTS, UserRows, unpack_users

ALGORITHM = "als"

# Users whose lists and reasons are made together, at most.
_TOGETHER = 2048


@dataclass(frozen=True)
class Way:
    """How recommendations are made.

    Attributes:
        catalogue: the model's items, and which of them may be given.
        fold_in: the model's equations, over the catalogue's columns.
        n: items per user.
        n_reasons: contributions told for each; None for all, 0 for no reasons at all.
        refresh: every user's factors are solved anew.
        has_unmarked: a value that is NaN is an item that she has and gave no mark.
    """

    catalogue: Catalogue
    fold_in: FoldIn
    n: int
    n_reasons: int | None
    refresh: bool
    has_unmarked: bool = False


def recommend_items(users: DataFrame, *, way: Way) -> DataFrame:
    """For every user the n best items that she hasn't: one row per user_id x rank.

    Origin model: by the factors that the training gave her. Origin fold_in: the training hadn't
    her, and her factors are solved from her weights (all users' are, if asked). Both are exact, and
    their reasons (kind item) are her past items' contributions, the greatest first, with what is
    left as one reason of kind other: the scores are what they add up to. Where she did things since
    the training, ``other`` also holds what her factors don't know of. Origin popular: she has no
    positive weight on an item that the model knows; most users' items of the last days, the score
    counts these users.

    Args:
        users: what ``gather_users`` gives, columns by item_index.
        way: the model, and what is asked of it.

    Returns:
        ``RECOMMENDATIONS``. Fewer than n where she has, or may have, no more items; where there is
        none, one row without a rank. Ties by users who have the item, then
        by item_id.

    Raises:
        ContractError: a column is missing or of another type; from the workers, factors or weights
            aren't finite, or what ``unpack_users`` refuses.

    Cost: no shuffle. A worker holds the items and a partition of users. Reasons take rank cubed
    operations a user, as training does.
    """
    require_columns(users, USER_PARTS)
    return (
        users.select(*USER_PARTS.columns)
        .mapInArrow(partial(_recommend, way=way), LIST_SCHEMA)
        .withColumn("algorithm", F.lit(ALGORITHM))
        .select(*RECOMMENDATIONS.columns)
    )


def _recommend(batches: Iterator[pa.RecordBatch], *, way: Way) -> Iterator[pa.RecordBatch]:
    spare_modules()
    use_one_thread()
    catalogue = way.catalogue
    for rows in unpack_users(
        batches,
        rank=catalogue.factors.shape[1],
        n_items=len(catalogue.ids),
        column_of=catalogue.column_of,
        together=_TOGETHER,
        cells_together=cells_together(way.n, way.n_reasons),
    ):
        yield from _recommend_rows(rows, way)


def _recommend_rows(rows: UserRows, way: Way) -> Iterator[pa.RecordBatch]:
    """By factors for all who have something to go by, by popularity for the others."""
    catalogue = way.catalogue
    cells = _marked(rows.cells) if way.has_unmarked else rows.cells
    speaks = cells.data > 0 if way.fold_in.implicit else np.ones(cells.nnz, bool)
    before = np.concatenate([[0], np.cumsum(speaks)])
    is_heard = np.diff(before[cells.indptr]) > 0
    is_new = is_heard & (~rows.is_known | way.refresh)
    rows.factors[is_new] = way.fold_in.users(cells[np.flatnonzero(is_new)])

    heard = np.flatnonzero(is_heard)
    scores, columns = top_items(
        rows.factors[heard],
        catalogue.factors,
        rows.cells[heard],
        n=way.n,
        eligible=catalogue.is_eligible,
    )
    reasons = _reasons(way, cells[heard], scores, columns)
    origin = pa.array(np.where(is_new[heard], "fold_in", "model"), pa.string())
    ids = rows.ids.take(pa.array(heard))
    yield from list_rows(ids, catalogue.ids, (scores, columns), origin=origin, reasons=reasons)

    others = np.flatnonzero(~is_heard)
    counts = catalogue.n_recent.astype(np.float32)[:, None]
    scores, columns = top_items(
        np.ones((others.size, 1), np.float32),
        counts,
        rows.cells[others],
        n=way.n,
        eligible=catalogue.is_eligible & (catalogue.n_users > 0),
    )
    told = popular_reasons(scores, columns) if way.n_reasons != 0 else no_reasons(columns)
    ids = rows.ids.take(pa.array(others))
    origin = pa.repeat("popular", others.size)
    yield from list_rows(ids, catalogue.ids, (scores, columns), origin=origin, reasons=told)


def _marked(cells: csr_matrix) -> csr_matrix:
    """The cells with a mark: what is learnt from, where others only say what she has."""
    marked = ~np.isnan(cells.data)
    starts = np.concatenate([[0], np.cumsum(marked)])[cells.indptr]
    return csr_matrix((cells.data[marked], cells.indices[marked], starts), cells.shape)


def _reasons(
    way: Way, cells: csr_matrix, scores: NDArray[np.float64], columns: NDArray[np.int64]
) -> Reasons:
    if way.n_reasons == 0 or not (columns >= 0).any():
        return no_reasons(columns)
    parts, _ = way.fold_in.contributions(cells, columns)
    return split_scores(parts, cells, scores, columns, n_reasons=way.n_reasons)
