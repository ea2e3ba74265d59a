"""Run steps as an orchestrator expects: run id, manifest, one JSON line, exit code."""

import argparse
import logging
import sys
import uuid
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from cxspark.runtime.attempt import attempt
from cxspark.runtime.config import Config, config_hash, load_config
from cxspark.runtime.dry_run import DryRun
from cxspark.runtime.logs import show_progress
from cxspark.runtime.observers import observers_of
from cxspark.runtime.outcome import Outcome, failure
from cxspark.runtime.run import Run
from cxspark.runtime.session import drop_unused_checkpoints, open_session
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables

log = logging.getLogger("cxspark")


def submit(
    steps: Sequence[Step[Any]], config: Config, *, run_id: str, dry_run: bool = False
) -> list[Outcome]:
    """Run the steps in order in one session; stop at the first that fails.

    Every section is validated before the first step starts. Each attempt leaves a row in
    ops.job_runs, a failed one too.

    Args:
        steps: what to run, in an order that their reads and writes allow.
        config: the configuration.
        run_id: names the run; a retry has the same.
        dry_run: check the configuration and the inputs, tell what would be written and what memory
            it needs; write nothing.

    Raises:
        ConfigError: a section doesn't fit its model.
    """
    environment = config.environment()
    settings = [config.section(step.name, step.settings) for step in steps]
    spark = open_session(environment.spark, writes=not dry_run)
    observers = [] if dry_run else observers_of(environment)
    plan = DryRun(spark)
    outcomes: list[Outcome] = []
    for step, one in zip(steps, settings, strict=True):
        tables = Tables(spark, environment.tables, Run(step.name, run_id, config_hash(one)))
        if dry_run:
            outcomes.append(plan.look_at(step, one, tables))
        else:
            told, check = observers, environment.memory_check
            outcomes.append(attempt(step, spark, one, tables, observers=told, memory_check=check))
        if outcomes[-1].exit_code:
            break
    drop_unused_checkpoints(spark)
    return outcomes


def run_command(
    steps: Sequence[Step[Any]], argv: Sequence[str] | None, *, known: Collection[str]
) -> int:
    """The command line of a job, as spark-submit starts it; gives its exit code.

    Args:
        steps: the job.
        argv: the arguments; those of the process where None.
        known: the sections that a configuration may have.
    """
    options = _parser(steps).parse_args(argv)
    return run_steps(
        steps,
        options.config,
        options.set,
        run_id=options.run_id,
        dry_run=options.dry_run,
        known=known,
    )


def run_steps(
    steps: Sequence[Step[Any]],
    path: Path,
    overrides: Sequence[str],
    *,
    run_id: str | None,
    dry_run: bool,
    known: Collection[str],
) -> int:
    """Run steps with a configuration file; gives the exit code.

    Prints one JSON line per job on stdout, and everything else on stderr; one for all where none
    could start.
    """
    show_progress()
    run_id = run_id or uuid.uuid4().hex[:12]
    try:
        config = load_config(path, overrides, known=known)
        show_progress(config.environment().logs)
        outcomes = submit(steps, config, run_id=run_id, dry_run=dry_run)
    except Exception as failed:  # of the configuration, or as no session starts
        error, exit_code = failure(failed)
        log.error("%s", error)
        run = Run("+".join(step.name for step in steps), run_id)
        outcomes = [Outcome(run, "failed", error=error, exit_code=exit_code)]
    for outcome in outcomes:
        sys.stdout.write(outcome.as_json() + "\n")
    sys.stdout.flush()
    return outcomes[-1].exit_code


def _parser(steps: Sequence[Step[Any]]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="; ".join(step.summary for step in steps),
        epilog="exit codes: 0 done, 2 configuration, 3 input, 4 quality gate, 1 anything else",
    )
    parser.add_argument("--config", type=Path, required=True, help="YAML file of the environment")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override; repeatable",
    )
    parser.add_argument("--run-id", help="names the run; give retries the same")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="tell what would be done; write nothing",
    )
    return parser
