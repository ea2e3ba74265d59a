"""Recommenders' lists in the test window, and what the tables say of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.keeping import keep
from cxspark.evaluation import (
    ALL_USERS,
    METRIC_INTERVALS,
    RANK_METRICS,
    coverage,
    diversity,
    item_popularity,
    novelty,
    popular_share,
)
from cxspark.evaluation.recommender import Recommender
from cxspark.evaluation.selection import CHOSEN_BY, Selection, Window, with_items
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.runtime.tables import Tables
from cxspark.steps.models import DEFAULT

LIST_FORMULAS = {
    name: (measure.__doc__ or "").split("\n")[0]
    for name, measure in {
        "coverage": coverage,
        "novelty": novelty,
        "diversity": diversity,
        "popular_share": popular_share,
    }.items()
}

_ABOUT = "algorithm string, fit_seconds double, recommend_seconds double, settings string"


@dataclass(frozen=True)
class Lists:
    """What one recommender would show.

    Attributes:
        recommender: with its settings.
        ranked: algorithm, user_id, rank, item_id, score; persisted.
        fit_seconds: to learn, without the making of the rows that it learns from.
        recommend_seconds: to rank the catalogue for all.
    """

    recommender: Recommender
    ranked: DataFrame
    fit_seconds: float
    recommend_seconds: float


def make_lists(recommender: Recommender, window: Window, *, k: int) -> Lists:
    """Fit it to the window's training, and rank for the window's users: two timed actions.

    The rows that it learns from and is asked with are there before the time is taken, so that it
    doesn't matter who comes first.
    """
    for rows in (window.training.rows, window.training.queries):
        rows(recommender.half_life_days).count()
    started = time.monotonic()
    ranked = recommender.recommend(window.training, n=k)
    fitted = time.monotonic()
    named = with_items(ranked, window.training).drop("variant")
    named = keep(named.withColumn("algorithm", F.lit(recommender.algorithm)))
    named.count()
    return Lists(recommender, named, fitted - started, time.monotonic() - fitted)


def history_segments(window: Window) -> DataFrame:
    """user_id, segment: how many items the training has of a user."""
    n_items = F.col("n_items")
    segment = (
        F.when(n_items <= 5, "history of 1-5 items")
        .when(n_items <= 20, "history of 6-20 items")
        .otherwise("history of 21+ items")
    )
    counts = window.training.cells(None).groupBy("user_id").agg(F.count("item_id").alias("n_items"))
    return counts.select("user_id", segment.alias("segment"))


def list_properties(ranked: DataFrame, window: Window, *, k: int) -> DataFrame:
    """What the lists are like, beside right: ``METRIC_INTERVALS`` without intervals."""
    seen = window.training.cells(None).select("user_id", "item_id")
    popularity = item_popularity(seen)
    found = reduce(
        lambda some, more: some.join(more, "algorithm", "left"),
        [
            ranked.groupBy("algorithm").agg(F.count_distinct("user_id").alias("n_users")),
            coverage(ranked, window.training.items, k=k).select("algorithm", "coverage"),
            novelty(ranked, popularity, k=k).select("algorithm", "novelty"),
            diversity(ranked, seen, k=k).select("algorithm", "diversity"),
            popular_share(ranked, popularity, k=k).select("algorithm", "popular_share"),
        ],
    )
    rows = found.unpivot(["algorithm", "n_users"], list(LIST_FORMULAS), "metric", "value")
    nothing = {
        field.name: F.lit(None).cast(field.dataType)
        for field in METRIC_INTERVALS.schema.fields
        if field.name not in rows.columns
    }
    known = rows.where(F.col("value").isNotNull()).withColumns(nothing)
    return known.withColumn("segment", F.lit(ALL_USERS)).select(*METRIC_INTERVALS.columns)


def metric_rows(
    spark: SparkSession,
    intervals: DataFrame,
    lists: Sequence[Lists],
    *,
    test: Window,
    n_windows: int,
    settings: EvaluateRecommendersSettings,
    tables: Tables,
) -> DataFrame:
    """``MODEL_METRICS``: means and intervals (``METRIC_INTERVALS``) with the protocol."""
    about = [
        (
            one.recommender.algorithm,
            one.fit_seconds,
            one.recommend_seconds,
            one.recommender.settings(),
        )
        for one in lists
    ]
    formulas = LIST_FORMULAS | {
        name: (metric.__doc__ or "").split("\n")[0] for name, metric in RANK_METRICS.items()
    }
    formula = F.create_map(*[F.lit(text) for pair in formulas.items() for text in pair])
    constants = {
        "run_id": tables.run.run_id,
        "k": settings.k,
        "split": protocol(settings, test, n_windows=n_windows),
        "candidates": candidates(settings, test),
        "seed": settings.seed,
        "input": f"{SILVER_EVENTS.name}@{tables.version(SILVER_EVENTS)}",
    }
    return (
        intervals.join(F.broadcast(spark.createDataFrame(about, _ABOUT)), "algorithm")
        .withColumns({name: F.lit(value) for name, value in constants.items()})
        .withColumn("seed", F.col("seed").cast("bigint"))
        .withColumn("is_default", F.col("algorithm") == DEFAULT)
        .withColumn("formula", F.coalesce(formula[F.col("metric")], F.col("metric")))
        .select(*MODEL_METRICS.columns)
    )


def protocol(settings: EvaluateRecommendersSettings, test: Window, *, n_windows: int) -> str:
    """How train and test were split, and where; what was learnt from, and what foretold.

    Args:
        settings: of the run.
        test: the window that models are judged in.
        n_windows: those that settings were chosen on.
    """
    split = {
        "time": f"time, train share {settings.train_share:g}",
        "random": f"random, train share {settings.train_share:g}",
        "last_n": f"last_n, {settings.last_n} per user",
    }[settings.split]
    weights = ", ".join(f"{name} {weight:g}" for name, weight in settings.weights.items())
    foretold = ", ".join(settings.foretold)
    cap = "no cap" if settings.popularity_cap is None else f"cap {settings.popularity_cap:g}"
    where = "without the test's events"
    if settings.split == "time":
        where = f"before the test, of {settings.importance} importance"
    return (
        f"{split}; test {test}; learnt from {weights}; popularity with {cap}; foretold {foretold};"
        f" settings chosen on {n_windows} windows {where}; judged are users with a history,"
        f" {test.n_new_users:,} have none; {settings.n_replicates} replicates"
    )


def candidates(settings: EvaluateRecommendersSettings, test: Window) -> str:
    """Which items could be recommended."""
    some = "all items of the training, without what the user has in it"
    if test.training.n_items > settings.max_items and {"ease", "item_knn"} & {*settings.algorithms}:
        some += f"; ease and item_knn score the {settings.max_items:,} that most users have"
    return f"{some}; an item first taken in the test can't be found"


def trial_rows(
    spark: SparkSession,
    selections: Sequence[Selection],
    *,
    settings: EvaluateRecommendersSettings,
    tables: Tables,
) -> DataFrame:
    """``MODEL_TRIALS``: all that was tried, in each window."""
    rows: list[dict[str, Any]] = []
    for selection in selections:
        numbers = {one: i for i, one in enumerate({t.recommender: 0 for t in selection.trials_})}
        rows += [
            {
                "run_id": tables.run.run_id,
                "algorithm": trial.recommender.algorithm,
                "trial": numbers[trial.recommender],
                "settings": trial.recommender.settings(),
                "window": str(trial.window),
                "window_from": trial.window.since,
                "window_until": trial.window.until,
                "metric": CHOSEN_BY,
                "k": settings.k,
                "value": trial.value,
                "n_users": trial.n_users,
                "is_chosen": trial.recommender == selection.best_,
            }
            for trial in selection.trials_
        ]
    return spark.createDataFrame(rows, MODEL_TRIALS.schema)
