"""Honest evaluation of top-n recommenders: splits, hits, metrics and their intervals.

``split_by_time`` and ``held_out_items`` tell what a model may learn from and what it is judged by;
``match_hits``, ``user_metrics`` and ``metric_intervals`` judge its lists; ``coverage``,
``novelty``, ``diversity`` and ``popular_share`` tell what they are like beside right.
"""

from cxspark.evaluation.bootstrap import ALL_USERS, METRIC_INTERVALS, metric_intervals
from cxspark.evaluation.coverage import coverage
from cxspark.evaluation.diversity import diversity
from cxspark.evaluation.frames import EVENTS, HELD_OUT, HITS, ITEM_POPULARITY, RECOMMENDED
from cxspark.evaluation.hits import match_hits
from cxspark.evaluation.leak import count_leaks, refuse_leak
from cxspark.evaluation.metrics import RANK_METRICS, RankMetric, user_metrics
from cxspark.evaluation.novelty import novelty
from cxspark.evaluation.popular_share import popular_share
from cxspark.evaluation.popularity import item_popularity
from cxspark.evaluation.splits import (
    Split,
    held_out_items,
    split_by_time,
    split_instant,
    split_last_n,
    split_random,
)

__all__ = [
    "ALL_USERS",
    "EVENTS",
    "HELD_OUT",
    "HITS",
    "ITEM_POPULARITY",
    "METRIC_INTERVALS",
    "RANK_METRICS",
    "RECOMMENDED",
    "RankMetric",
    "Split",
    "count_leaks",
    "coverage",
    "diversity",
    "held_out_items",
    "item_popularity",
    "match_hits",
    "metric_intervals",
    "novelty",
    "popular_share",
    "refuse_leak",
    "split_by_time",
    "split_instant",
    "split_last_n",
    "split_random",
    "user_metrics",
]
