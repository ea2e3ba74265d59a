"""The items that suit a user best by factors, exactly, without those she has."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql.types import DoubleType, IntegerType, StringType, StructType
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table, column
from cxspark.distance import spare_modules
from cxspark.factorization.kernel import Factors, Floats, greatest_scores, use_one_thread
from cxspark.factorization.users import USER_ROWS, UserRows

RANKED = Table(
    name="ranked items",
    grain="one row per user_id x rank",
    schema=StructType(
        [
            column("user_id", StringType(), "for whom"),
            column("rank", IntegerType(), "from 1, the best first"),
            column("column_index", IntegerType(), "which item, from 0"),
            column("score", DoubleType(), "product of the user's and the item's factors"),
        ]
    ),
    key=("user_id", "rank"),
)


def top_items(
    users: Factors,
    items: Factors,
    seen: csr_matrix,
    *,
    n: int,
    eligible: NDArray[np.bool_] | None = None,
) -> tuple[Floats, NDArray[np.int64]]:
    """For each user the n eligible items of greatest score that she hasn't, the best first.

    Args:
        users: users x rank, finite.
        items: items x rank, finite.
        seen: users x items, an entry for each item a user has, be it zero.
        n: at least 1.
        eligible: which items may be given at all; all by default.

    Returns:
        Scores and columns, users x n; -inf and -1 where fewer items are left. Of equal scores the
        smaller column is first.

    Raises:
        ContractError: a factor isn't finite.

    Example:
        >>> user, items = np.float32([[1.0]]), np.float32([[1.0], [3.0], [2.0], [2.0]])
        >>> seen = csr_matrix(([1.0], ([0], [1])), (1, 4))
        >>> scores, columns = top_items(user, items, seen, n=4)
        >>> columns.tolist(), scores.tolist()
        ([[2, 3, 0, -1]], [[2.0, 2.0, 1.0, -inf]])
    """
    seen = seen if seen.has_sorted_indices else seen.sorted_indices()
    if eligible is None or eligible.all():
        scores, columns = greatest_scores(users, items, (seen.indptr, seen.indices), n=n)
        return scores, columns.astype(np.int64)
    chosen = np.flatnonzero(eligible)
    # Each column's place among those eligible; others have none.
    place = np.where(eligible, np.cumsum(eligible) - 1, -1)[seen.indices]
    before = np.concatenate([[0], np.cumsum(place >= 0)])
    mine = before[seen.indptr].astype(np.int32), place[place >= 0].astype(np.int32)
    scores, columns = greatest_scores(users, items[chosen], mine, n=n)
    return scores, np.append(chosen, -1)[columns]


def rank_by_factors(
    users: DataFrame,
    *,
    items: Factors,
    n: int,
    eligible: NDArray[np.bool_] | None = None,
) -> DataFrame:
    """The n best items for every user who has factors: one row per user_id x rank.

    Args:
        users: ``USER_ROWS``; users without factors get no rows.
        items: items x rank: factors of each column. They travel in the function, to each Python
            worker once: below 128 MB, Spark Connect's limit.
        n: items per user; fewer where fewer are eligible and not hers.
        eligible: which columns may be given: what is on an allow list, not on a deny list, and
            available; all by default.

    Returns:
        ``RANKED``; ties by the smaller column.

    Raises:
        ContractError: a column is missing or of another type; from the workers, a factor isn't
            finite, or users and items have not as many.

    Cost: no shuffle; a worker holds the items and one batch of users.
    """
    require_columns(users, USER_ROWS)
    rank = partial(_rank, items=items, n=n, eligible=eligible)
    return users.select(*USER_ROWS.columns).mapInArrow(rank, RANKED.schema).select(*RANKED.columns)


def _rank(
    batches: Iterator[pa.RecordBatch],
    *,
    items: Factors,
    n: int,
    eligible: NDArray[np.bool_] | None,
) -> Iterator[pa.RecordBatch]:
    spare_modules()
    use_one_thread()
    for batch in batches:
        rows = UserRows.of_batch(batch, rank=items.shape[1], n_items=len(items))
        known = np.flatnonzero(rows.is_known)
        scores, columns = top_items(
            rows.factors[known], items, rows.cells[known], n=n, eligible=eligible
        )
        user, place = np.nonzero(columns >= 0)
        yield pa.RecordBatch.from_arrays(
            [
                rows.ids.take(pa.array(known[user])),
                pa.array(place + 1, pa.int32()),
                pa.array(columns[user, place], pa.int32()),
                pa.array(scores[user, place]),
            ],
            names=RANKED.columns,
        )
