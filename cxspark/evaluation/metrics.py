"""All metrics of rank, for every user."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.average_precision import average_precision
from cxspark.evaluation.frames import HITS
from cxspark.evaluation.hit_rate import hit_rate
from cxspark.evaluation.ndcg import ndcg
from cxspark.evaluation.precision import precision
from cxspark.evaluation.recall import recall
from cxspark.evaluation.reciprocal_rank import reciprocal_rank


class RankMetric(Protocol):
    """A user's score by the ranks of the hits; between 0 and 1, the greater the better."""

    def __call__(self, hit_ranks: Column, n_relevant: Column, *, k: int) -> Column:
        """The score as a double, null where nothing is held out."""


RANK_METRICS: Mapping[str, RankMetric] = MappingProxyType(
    {
        "ndcg": ndcg,
        "recall": recall,
        "precision": precision,
        "average_precision": average_precision,
        "reciprocal_rank": reciprocal_rank,
        "hit_rate": hit_rate,
    }
)


def user_metrics(hits: DataFrame, *, k: int) -> DataFrame:
    """Every metric of ``RANK_METRICS`` for every user: one row per algorithm x user_id.

    Args:
        hits: ``HITS``, matched at k or more.
        k: ranks up to it count.

    Returns:
        algorithm, user_id, and a double for each metric, under its name; means over users are the
        figures usually published.

    Cost: no shuffle.
    """
    require_columns(hits, HITS, ["algorithm", "user_id", "hit_ranks", "n_relevant"])
    ranks, n_relevant = F.col("hit_ranks"), F.col("n_relevant")
    scores = [metric(ranks, n_relevant, k=k).alias(name) for name, metric in RANK_METRICS.items()]
    return hits.select("algorithm", "user_id", *scores)
