"""The blend's lists for everyone, with the way each came and reasons that add up."""

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
from cxspark.distance import ROW_BLOCKS
from cxspark.factorization.blend import Blend, BlendScorer
from cxspark.factorization.cuts import cells_together
from cxspark.factorization.greatest import best_columns
from cxspark.factorization.lists import LIST_SCHEMA, list_rows
from cxspark.factorization.reasons import no_reasons, popular_reasons, split_scores
from cxspark.factorization.scoring import users_at_a_time, users_together


@dataclass(frozen=True)
class BlendWay:
    """How the blend's lists are made.

    Attributes:
        scorer: of one variant.
        ids: item id of each column.
        is_eligible: whether an item may be recommended.
        n: items per user.
        n_reasons: past items told for each; None for all, 0 for no reasons at all.
    """

    scorer: BlendScorer
    ids: pa.StringArray
    is_eligible: NDArray[np.bool_]
    n: int
    n_reasons: int | None


def recommend_by_blend(blocks: DataFrame, *, way: BlendWay) -> DataFrame:
    """For every user the n best items that she hasn't: one row per user_id x rank.

    Origin model: by her own wishes and what is popular. Its reasons are the past items that gave
    most (kind item), the item's popularity (kind popularity) and, as one of kind other, all else:
    further past items, and what standardising took off. Origin popular: the personal model
    says nothing of her, or the blend's share is 1. Scores are standardised: 0 is her average item,
    1 a deviation more.

    Args:
        blocks: users' rows (``distance.ROW_BLOCKS``), weights decayed as the model asked.
        way: the model, and what is asked of it.

    Returns:
        ``RECOMMENDATIONS``; fewer than n where she has, or may have, no more; where there is none,
        one row without a rank. Ties by users who have the item, then by item_id.

    Cost: no shuffle; a worker holds one block, the model, 8 million scores and, with reasons, some
    200 MB. Reasons take as long again.
    """
    require_columns(blocks, ROW_BLOCKS)
    return (
        blocks.select("rows")
        .mapInArrow(partial(_recommend, way=way), LIST_SCHEMA)
        .withColumn("algorithm", F.lit(Blend.algorithm))
        .select(*RECOMMENDATIONS.columns)
    )


def recommend_to_unknown(users: DataFrame, *, way: BlendWay) -> DataFrame:
    """What is popular, for users of whom the model knows nothing: one row per user_id x rank.

    Args:
        users: user_id, none of them twice.
        way: the model, and what is asked of it.

    Returns:
        ``RECOMMENDATIONS``, all of origin popular.

    Cost: no shuffle.
    """
    return (
        users.select("user_id")
        .mapInArrow(partial(_recommend_to_unknown, way=way), LIST_SCHEMA)
        .withColumn("algorithm", F.lit(Blend.algorithm))
        .select(*RECOMMENDATIONS.columns)
    )


def _recommend_to_unknown(
    batches: Iterator[pa.RecordBatch], *, way: BlendWay
) -> Iterator[pa.RecordBatch]:
    together = users_together(len(way.ids))
    for batch in batches:
        for start in range(0, batch.num_rows, together):
            ids = batch["user_id"][start : start + together]
            nothing = csr_matrix((len(ids), len(way.ids)), dtype=np.float64)
            yield from _recommend_users(ids, nothing, nothing, way)


def _recommend(batches: Iterator[pa.RecordBatch], *, way: BlendWay) -> Iterator[pa.RecordBatch]:
    cells = cells_together(way.n, way.n_reasons)
    for ids, seen, weights in users_at_a_time(batches, n_items=len(way.ids), cells=cells):
        yield from _recommend_users(ids, seen, weights, way)


def _recommend_users(
    ids: pa.StringArray, seen: csr_matrix, weights: csr_matrix, way: BlendWay
) -> Iterator[pa.RecordBatch]:
    is_heard, (scores,) = way.scorer.hear(weights)
    is_heard &= way.scorer.shares[0] < 1  # else nothing is hers
    scores[:, ~way.is_eligible] = -np.inf
    columns = best_columns(scores, seen, n=way.n)
    best = np.take_along_axis(scores, np.maximum(columns, 0), axis=1).astype(np.float64)
    for origin, users in (
        ("model", np.flatnonzero(is_heard)),
        ("popular", np.flatnonzero(~is_heard)),
    ):
        picks = best[users], columns[users]
        reasons = no_reasons(picks[1])
        if way.n_reasons != 0 and origin == "popular":
            reasons = popular_reasons(*picks)
        elif way.n_reasons != 0:
            parts, popularity = way.scorer.parts(weights[users], picks[1])
            reasons = split_scores(
                parts, weights[users], *picks, n_reasons=way.n_reasons, popularity=popularity
            )
        origins = pa.repeat(origin, users.size)
        yield from list_rows(
            ids.take(pa.array(users)), way.ids, picks, origin=origins, reasons=reasons
        )
