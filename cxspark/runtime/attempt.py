"""One attempt of one job: started, watched, and recorded however it ends."""

import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pyspark.sql import SparkSession

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.operations import JOB_RUNS, RUN_METRICS
from cxspark.contracts.settings import Settings
from cxspark.runtime.collecting import collecting_between
from cxspark.runtime.config import MemoryCheck
from cxspark.runtime.engine import Engine
from cxspark.runtime.estimate import Needs, check_memory
from cxspark.runtime.logs import logging_of
from cxspark.runtime.memory import memory_limits
from cxspark.runtime.observers import Observer, tell
from cxspark.runtime.outcome import Outcome, failure
from cxspark.runtime.progress import stages_told
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables

log = logging.getLogger("cxspark")

# What a failed attempt waits for the rows of its inputs, which are counted while it runs.
_PATIENCE_SECONDS = 5.0


def attempt(
    step: Step[Any],
    spark: SparkSession,
    settings: Settings,
    tables: Tables,
    *,
    observers: Sequence[Observer] = (),
    memory_check: MemoryCheck = "refuse",
) -> Outcome:
    """Run a job once; whatever happens, the outcome says it and the ops tables have it.

    Args:
        step: the job.
        spark: the session.
        settings: of the job.
        tables: as its run sees them.
        observers: who is told.
        memory_check: what to do where the job needs more memory than there is.
    """
    run, started = tables.run, time.monotonic()
    with logging_of(run):
        log.info("%s: started, run %s", step.name, run.run_id)
        tell(observers, lambda one: one.started(Outcome(run, "started")))
        engine = Engine(spark)
        error, exit_code = None, 0
        try:
            if step.needs is not None and memory_check != "ignore":
                needs = step.needs(settings, Sizes(tables))
                _look_ahead(needs, spark, tables, refuse=memory_check == "refuse")
            with collecting_between(), stages_told(spark, step.name):
                step.run(spark, settings, tables)
            inputs = tables.counted_inputs()
        except Exception as failed:
            error, exit_code = failure(failed)
            inputs = tables.pinned_inputs(patience=_PATIENCE_SECONDS)
        seconds = time.monotonic() - started
        outcome = Outcome(
            run,
            "failed" if exit_code else "done",
            seconds,
            inputs,
            error,
            exit_code,
            {"seconds": round(seconds, 3), **engine.metrics(), **numbers_in(run.facts)},
        )
        for warning in run.warnings:
            log.warning("%s: %s", step.name, warning)
        why = f": {error}" if error else ""
        log.info("%s: %s in %.1f s%s", step.name, outcome.status, seconds, why)
        _keep(spark, tables, outcome)
        tell(observers, lambda one: one.ended(outcome, settings))
    return outcome


def numbers_in(facts: Mapping[str, Any], *, path: str = "") -> dict[str, float]:
    """The numbers among nested facts, by their path.

    Example:
        >>> numbers_in({"gold.confusions": {"accuracy": {"held_out": 0.9}, "by": "knn"}})
        {'gold.confusions.accuracy.held_out': 0.9}
    """
    found: dict[str, float] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found |= numbers_in(value, path=f"{path}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{path}{name}"] = float(value)
    return found


def _look_ahead(needs: Needs, spark: SparkSession, tables: Tables, *, refuse: bool) -> None:
    try:
        check_memory(tables.run.job, needs, memory_limits(spark))
    except ConfigError as doomed:
        if refuse:
            raise
        tables.warn(str(doomed))


def _keep(spark: SparkSession, tables: Tables, outcome: Outcome) -> None:
    """Add the attempt to the ops tables; a job that is done doesn't fail because that did."""
    rows = ((JOB_RUNS, [outcome.as_row()]), (RUN_METRICS, outcome.as_metric_rows()))
    try:
        frames = [(table, spark.createDataFrame(found, table.schema)) for table, found in rows]
        tables.side_by_side(*(partial(tables.append, *one) for one in frames))
    except Exception as error:
        log.error("%s: no rows in %s or %s: %s", outcome.run.job, *(t.name for t, _ in rows), error)
