"""For every user the items that suit her best, the way they came, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.distance import spare_modules
from cxspark.factorization.fold_in import FoldIn
from cxspark.factorization.items import Catalogue
from cxspark.factorization.kernel import use_one_thread
from cxspark.factorization.reasons import Reasons, popular_reasons, split_scores
from cxspark.factorization.topn import top_items
from cxspark.factorization.users import USER_ROWS, UserRows

ALGORITHM = "als"

_CHOSEN = (
    "user_id string, rank int, item_id string, score double, origin string, "
    "reasons array<struct<kind: string, id: string, distance: double, contribution: double>>"
)
# Users whose lists and reasons are made together.
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
    """

    catalogue: Catalogue
    fold_in: FoldIn
    n: int
    n_reasons: int | None
    refresh: bool


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
        users: ``USER_ROWS``, columns by item_index.
        way: the model, and what is asked of it.

    Returns:
        ``RECOMMENDATIONS``. Fewer than n where she has, or may have, no more items; ties by users
        who have the item, then by item_id.

    Raises:
        ContractError: a column is missing or of another type; from the workers, factors or weights
            aren't finite.

    Cost: no shuffle. A worker holds the items and one batch of users. Reasons take rank cubed
    operations a user, as training does.
    """
    require_columns(users, USER_ROWS)
    return (
        users.select(*USER_ROWS.columns)
        .mapInArrow(partial(_recommend, way=way), _CHOSEN)
        .withColumn("algorithm", F.lit(ALGORITHM))
        .select(*RECOMMENDATIONS.columns)
    )


def _recommend(batches: Iterator[pa.RecordBatch], *, way: Way) -> Iterator[pa.RecordBatch]:
    spare_modules()
    use_one_thread()
    catalogue = way.catalogue
    for batch in batches:
        for first in range(0, batch.num_rows, _TOGETHER):
            rows = UserRows.of_batch(
                batch.slice(first, _TOGETHER),
                rank=catalogue.factors.shape[1],
                n_items=len(catalogue.ids),
                column_of=catalogue.column_of,
            )
            yield from _recommend_rows(rows, way)


def _recommend_rows(rows: UserRows, way: Way) -> Iterator[pa.RecordBatch]:
    """By factors for all who have something to go by, by popularity for the others."""
    catalogue = way.catalogue
    speaks = rows.cells.data > 0 if way.fold_in.implicit else np.ones(rows.cells.nnz, bool)
    before = np.concatenate([[0], np.cumsum(speaks)])
    is_heard = np.diff(before[rows.cells.indptr]) > 0
    is_new = is_heard & (~rows.is_known | way.refresh)
    rows.factors[is_new] = way.fold_in.users(rows.cells[np.flatnonzero(is_new)])

    heard = np.flatnonzero(is_heard)
    cells = rows.cells[heard]
    scores, columns = top_items(
        rows.factors[heard], catalogue.factors, cells, n=way.n, eligible=catalogue.is_eligible
    )
    reasons = split_scores(way.fold_in, cells, scores, columns, way.n_reasons)
    origin = pa.array(np.where(is_new[heard], "fold_in", "model"), pa.string())
    yield _chosen(rows.ids.take(pa.array(heard)), origin, (scores, columns), reasons, catalogue)

    others = np.flatnonzero(~is_heard)
    counts = catalogue.n_recent.astype(np.float32)[:, None]
    scores, columns = top_items(
        np.ones((others.size, 1), np.float32),
        counts,
        rows.cells[others],
        n=way.n,
        eligible=catalogue.is_eligible & (catalogue.n_users > 0),
    )
    reasons = popular_reasons(scores, columns, way.n_reasons)
    origin = pa.repeat("popular", others.size)
    yield _chosen(rows.ids.take(pa.array(others)), origin, (scores, columns), reasons, catalogue)


def _chosen(
    ids: pa.Array,
    origin: pa.Array,
    best: tuple[NDArray[np.float64], NDArray[np.int64]],
    reasons: Reasons,
    catalogue: Catalogue,
) -> pa.RecordBatch:
    """Picks as rows of recommendations."""
    scores, columns = best
    user, place = np.nonzero(columns >= 0)
    return pa.RecordBatch.from_pydict(
        {
            "user_id": ids.take(pa.array(user)),
            "rank": pa.array(place + 1, pa.int32()),
            "item_id": catalogue.ids.take(pa.array(columns[user, place])),
            "score": scores[user, place],
            "origin": origin.take(pa.array(user)),
            "reasons": reasons.as_lists(catalogue.ids),
        }
    )
