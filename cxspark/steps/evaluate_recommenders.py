"""Compare recommenders on what users did later; refuse a default worse than what is popular."""

import logging
from collections.abc import Iterator
from functools import partial, reduce

from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.keeping import keep, release
from cxspark.contracts.table import Table
from cxspark.evaluation import match_hits, metric_intervals, user_metrics
from cxspark.evaluation.leaderboard import as_lines, is_refused, verdict
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.als_recommender import AlsRecommender
from cxspark.runtime.ddl import quoted
from cxspark.runtime.run import Commit
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.checkpoints import require_checkpoints
from cxspark.steps.judging import (
    history_segments,
    list_properties,
    make_lists,
    metric_rows,
    trial_rows,
)
from cxspark.steps.models import BASELINE, select_models
from cxspark.steps.windows import make_windows, warn_of_uncounted

log = logging.getLogger("cxspark")


def run(spark: SparkSession, settings: EvaluateRecommendersSettings, tables: Tables) -> None:
    """Choose every model's settings on windows before the test, and judge all of them in it."""
    if AlsRecommender.algorithm in settings.algorithms:
        most, name = max(settings.iterations), f"{STEP.name}.iterations"
        require_checkpoints(spark, most, setting=name)
    columns = ("user_id", "item_id", "event_type", "event_at")
    events = keep(tables.read(SILVER_EVENTS).select(*columns))
    *windows, test = make_windows(events, settings)
    warn_of_uncounted(events, settings.weights, tables)
    if len(windows) < settings.n_windows:
        tables.warn(
            f"settings are chosen on {len(windows)} windows, not {settings.n_windows}: in others no"
            " user with a history takes anything new, or they begin at the instant of the next"
        )
    selections = select_models(windows, settings)
    lists = [make_lists(one.best_, test, k=settings.k) for one in selections]
    ranked = reduce(DataFrame.unionByName, (one.ranked for one in lists))
    algorithms = [one.best_.algorithm for one in selections]
    hits = match_hits(ranked, test.held_out, k=settings.k, algorithms=algorithms)
    scored = user_metrics(hits, k=settings.k)
    intervals = metric_intervals(
        scored.join(history_segments(test), "user_id", "left"),
        baseline=BASELINE,
        seed=settings.seed,
        n_replicates=settings.n_replicates,
        segment="segment",
    )
    found = intervals.unionByName(list_properties(ranked, test, k=settings.k))
    metrics = keep(
        metric_rows(
            *(spark, found, lists),
            test=test,
            n_windows=len(windows),
            settings=settings,
            tables=tables,
        )
    )
    trials = trial_rows(spark, selections, settings=settings, tables=tables)
    rows = [row.asDict() for row in metrics.where("segment = 'all'").collect()]
    told: dict[str, dict[str, float]] = {}
    for row in rows:
        told.setdefault(row["algorithm"], {})[row["metric"]] = row["value"]
    # What follows from the choice must weigh events as the choice did, and may be held back.
    terms = settings.model_dump(include={"split", "weights", "popularity_cap"})
    terms["is_refused"] = is_refused(rows)
    ours = f"run_id = {quoted(tables.run.run_id)}"
    tables.side_by_side(
        partial(tables.overwrite, MODEL_METRICS, metrics, where=ours, facts=told),
        partial(tables.overwrite, MODEL_TRIALS, trials, where=ours, facts=terms),
    )
    release(events, metrics, *(one.ranked for one in lists))
    for window in (*windows, test):
        window.release()
    if test.n_new_users:
        tables.warn(f"{test.n_new_users:,} users of the test window had no history: not judged")
    for line in as_lines(rows):
        log.info("%s", line)
    log.info("%s", verdict(rows))


def newest_run(tables: Tables, table: Table) -> Commit | None:
    """The newest commit of this job that a table has, of those that this run reads."""
    return next(runs(tables, table), None)


def runs(tables: Tables, table: Table) -> Iterator[Commit]:
    """This job's commits that a table has, of those that this run reads, the newest first."""
    commits = tables.history(table, limit=100)
    pinned = tables.run.inputs.get(table.name, commits[0].version if commits else -1)
    return (one for one in commits if one.job == STEP.name and one.version <= pinned)


STEP = Step(
    name="evaluate_recommenders",
    summary="events -> recommenders side by side, by what users did later",
    settings=EvaluateRecommendersSettings,
    reads=(SILVER_EVENTS,),
    writes=(MODEL_METRICS, MODEL_TRIALS),
    run=run,
    needs=estimates.compared_matrices,
)
