"""Run steps as an orchestrator expects: run id, manifest, one JSON line, exit code."""

import argparse
import json
import logging
import sys
import time
import traceback
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from cxspark import __version__
from cxspark.contracts.errors import ConfigError, CxsparkError
from cxspark.contracts.operations import JOB_RUNS
from cxspark.runtime.config import Config, config_hash, load_config
from cxspark.runtime.run import Run, TableVersion
from cxspark.runtime.session import open_session
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables

log = logging.getLogger("cxspark")


@dataclass(frozen=True)
class Outcome:
    """How one attempt of one job ended; the JSON line and the row in ops.job_runs say it."""

    run: Run
    status: str
    seconds: float = 0.0
    inputs: list[TableVersion] = field(default_factory=list)
    error: str | None = None
    exit_code: int = 0

    def as_row(self) -> dict[str, Any]:
        """The attempt in the columns of ops.job_runs."""
        return {
            "run_id": self.run.run_id,
            "job": self.run.job,
            "status": self.status,
            "started_at": self.run.started_at,
            "seconds": round(self.seconds, 3),
            "config_hash": self.run.config_hash,
            "inputs": [asdict(one) for one in self.inputs],
            "outputs": [asdict(one) for one in self.run.outputs],
            "warnings": self.run.warnings,
            "error": self.error,
            "version": __version__,
        }

    def as_json(self) -> str:
        """The same, in one line."""
        return json.dumps(self.as_row(), default=lambda instant: instant.isoformat())


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
        dry_run: check the configuration and the inputs, write nothing.

    Raises:
        ConfigError: a section doesn't fit its model.
    """
    environment = config.environment()
    settings = [config.section(step.name, step.settings) for step in steps]
    spark = open_session(environment.spark)
    outcomes: list[Outcome] = []
    for step, one in zip(steps, settings, strict=True):
        tables = Tables(spark, environment.tables, Run(step.name, run_id, config_hash(one)))
        if dry_run:
            made = {table.name for earlier in steps[: len(outcomes)] for table in earlier.writes}
            outcomes.append(_check(step, tables, made))
        else:
            outcomes.append(_attempt(step, spark, one, tables))
        if outcomes[-1].exit_code:
            break
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

    Prints one JSON line per job on stdout, and everything else on stderr.
    """
    show_progress()
    run_id = run_id or uuid.uuid4().hex[:12]
    try:
        config = load_config(path, overrides, known=known)
        outcomes = submit(steps, config, run_id=run_id, dry_run=dry_run)
    except ConfigError as error:
        log.error("%s", error)
        run = Run("+".join(step.name for step in steps), run_id)
        outcomes = [Outcome(run, "failed", error=str(error), exit_code=error.exit_code)]
    for outcome in outcomes:
        sys.stdout.write(outcome.as_json() + "\n")
    sys.stdout.flush()
    return outcomes[-1].exit_code


def show_progress() -> None:
    """Send what the suite logs to stderr, with the time."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    log.setLevel(logging.INFO)


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
        "--dry-run", action="store_true", help="check configuration and inputs, write nothing"
    )
    return parser


def _attempt(step: Step[Any], spark: SparkSession, settings: Any, tables: Tables) -> Outcome:
    run, started = tables.run, time.monotonic()
    log.info("%s: started, run %s", step.name, run.run_id)
    error, exit_code = None, 0
    inputs: list[TableVersion] = []
    try:
        step.run(spark, settings, tables)
        inputs = tables.counted_inputs()
    except CxsparkError as refused:
        error, exit_code = str(refused), refused.exit_code
    except Exception as crash:  # an orchestrator needs the exit code and the row, whatever happened
        log.error("%s", traceback.format_exc())
        error, exit_code = _told(crash), 1
    status = "failed" if exit_code else "done"
    outcome = Outcome(run, status, time.monotonic() - started, inputs, error, exit_code)
    for warning in run.warnings:
        log.warning("%s: %s", step.name, warning)
    log.info("%s: %s in %.1f s %s", step.name, status, outcome.seconds, error or "")
    _keep(spark, tables, outcome)
    return outcome


def _told(crash: Exception) -> str:
    """Its first line, and the last of Java's causes, which says what it was: a full disk, say."""
    first, *others = str(crash).splitlines() or [""]
    causes = [line for line in others if line.startswith("Caused by: ")]
    return "; ".join([f"{type(crash).__name__}: {first}", *causes[-1:]])


def _keep(spark: SparkSession, tables: Tables, outcome: Outcome) -> None:
    """Add the attempt to ops.job_runs; a job that is done doesn't fail because that did."""
    try:
        tables.append(JOB_RUNS, spark.createDataFrame([outcome.as_row()], JOB_RUNS.schema))
    except Exception as error:
        log.error("%s: no row in %s: %s", outcome.run.job, JOB_RUNS.name, error)


def _check(step: Step[Any], tables: Tables, made: Collection[str]) -> Outcome:
    """What a dry run tells: whether each input is there, and which version would be read."""
    try:
        for table in step.reads:
            if table.name not in made and table not in step.writes:
                tables.version(table)
    except CxsparkError as error:
        log.error("%s: %s", step.name, error)
        return Outcome(tables.run, "failed", error=str(error), exit_code=error.exit_code)
    for table in step.writes:
        log.info("%s: would write %s", step.name, tables.location.address(table))
    return Outcome(tables.run, "dry run", inputs=tables.counted_inputs())
