"""Picks as rows of recommendations."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxspark.factorization.reasons import Reasons

LIST_SCHEMA = (
    "user_id string, rank int, item_id string, score double, origin string, "
    "reasons array<struct<kind: string, id: string, distance: double, contribution: double>>"
)


def list_rows(
    user_ids: pa.Array,
    item_ids: pa.Array,
    best: tuple[NDArray[np.float64], NDArray[np.int64]],
    *,
    origin: pa.Array,
    reasons: Reasons,
) -> Iterator[pa.RecordBatch]:
    """One row per user and place that is filled, and one without a rank per user of whom none is.

    ``LIST_SCHEMA``: so a user for whom there is nothing is told of, and can be counted.

    Args:
        user_ids: of each user.
        item_ids: of each column.
        best: scores and columns, users x n; column -1 where there is none.
        origin: the way each user's items came.
        reasons: of the picks.
    """
    scores, columns = best
    user, place = np.nonzero(columns >= 0)
    filled = pa.RecordBatch.from_pydict(
        {
            "user_id": user_ids.take(pa.array(user)),
            "rank": pa.array(place + 1, pa.int32()),
            "item_id": item_ids.take(pa.array(columns[user, place])),
            "score": scores[user, place],
            "origin": origin.take(pa.array(user)),
            "reasons": reasons.as_lists(item_ids),
        }
    )
    yield filled
    ids = user_ids.take(pa.array(np.flatnonzero((columns < 0).all(axis=1))))
    others = [pa.nulls(len(ids), field.type) for field in filled.schema][1:]
    yield pa.RecordBatch.from_arrays([ids, *others], schema=filled.schema)
