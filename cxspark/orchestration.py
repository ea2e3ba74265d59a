"""The job graph as orchestrators take it: which jobs a configuration has, and their order."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from cxspark.contracts.errors import ConfigError
from cxspark.runtime.config import ENVIRONMENT, Config, load_config
from cxspark.steps.graph import STEPS, direct_upstream, in_order, with_upstream

# Where a bundle's files find each other, seen from conf/databricks, where its resources are kept.
_PROJECT = "../.."
_CLUSTER = "jobs"


class GraphFormat(StrEnum):
    """What a graph is written for."""

    JSON = "json"
    DATABRICKS = "databricks"


@dataclass(frozen=True)
class Job:
    """A job in its place.

    Attributes:
        after: the jobs that it comes directly after.
        set: overrides of its section and of the environment.
    """

    after: list[str]
    set: list[str]


def write_graph(
    path: Path, names: Sequence[str], overrides: Sequence[str], *, form: GraphFormat
) -> str:
    """The jobs of a configuration and what each comes after, as the text of a file.

    Args:
        path: the configuration, from the project's folder on.
        names: the jobs; none: those that have a section, and all that these need.
        overrides: ``section.key=value``, which the section's job gets as ``--set``, all jobs if
            it's of the environment. The value of one that holds a template of the orchestrator,
            ``{{...}}`` or ``${...}``, is checked when the job runs.
        form: JSON, for any orchestrator, or the resources of a Databricks bundle.

    Returns:
        The text; it tells the command that made it.

    Raises:
        ConfigError: a name isn't a job, there is none, a section doesn't fit its job, an override
            concerns none of the jobs, or the path is absolute: right on one machine only.
    """
    if path.is_absolute():
        raise ConfigError(
            "--config",
            "a path from the project's folder on, as the jobs find it wherever they run",
            str(path),
            "start in the project's folder and pass conf/FILE.yaml",
        )
    plain = [override for override in overrides if "{{" not in override and "${" not in override]
    config = load_config(path, plain, known=STEPS)
    graph = direct_upstream(configured_jobs(config, names))
    jobs = {job: Job(after, _own(overrides, job)) for job, after in graph.items()}
    _check_used(overrides, jobs)
    sets = [part for override in overrides for part in ("--set", override)]
    command = ["cxspark", "graph", *names, "--config", str(path), "--format", form.value, *sets]
    made_by = shlex.join(command)
    if form is GraphFormat.DATABRICKS:
        resources = databricks_resources(jobs, config=path)
        return f"# Made by: {made_by}\n" + yaml.safe_dump(resources, sort_keys=False, width=1000)
    plan = {job: asdict(one) for job, one in jobs.items()}
    facts = {"made_by": made_by, "config": str(path), "jobs": plan}
    return json.dumps(facts, indent=2) + "\n"


def configured_jobs(config: Config, names: Iterable[str]) -> list[str]:
    """The named jobs; none named: those that have a section, and all that these need.

    Raises:
        ConfigError: a name isn't a job, there is none, or a section doesn't fit its job.
    """
    jobs = [step.name for step in in_order(names)] or with_upstream(config.jobs())
    if not jobs:
        raise ConfigError(
            "the configuration", "a section for each job", "none", "name jobs, or add sections"
        )
    config.environment()
    for job in jobs:
        config.section(job, STEPS[job].settings)
    return jobs


def databricks_resources(jobs: Mapping[str, Job], *, config: Path) -> dict[str, Any]:
    """A Databricks job with a task for each of the jobs, as a bundle's resources.

    The run's id and day are parameters of the Databricks job, so that another orchestrator may give
    its own; retried and repaired runs keep theirs. A task is tried twice, whatever its exit code
    was: Databricks only shows it.
    """
    settings = {
        "name": "cxspark",
        "max_concurrent_runs": 1,
        "parameters": [
            {"name": "run_id", "default": "{{job.run_id}}"},
            {"name": "day", "default": "{{job.trigger.time.iso_date}}"},
        ],
        "job_clusters": [{"job_cluster_key": _CLUSTER, "new_cluster": "${var.cluster}"}],
        "tasks": [_databricks_task(name, job, config) for name, job in jobs.items()],
    }
    return {"resources": {"jobs": {"cxspark": settings}}}


def _databricks_task(name: str, job: Job, config: Path) -> dict[str, Any]:
    sets = [part for override in job.set for part in ("--set", override)]
    run_id = ["--run-id", "{{job.parameters.run_id}}"]
    depends_on = [{"task_key": one} for one in job.after]
    return {
        "task_key": name,
        **({"depends_on": depends_on} if depends_on else {}),
        "job_cluster_key": _CLUSTER,
        "spark_python_task": {
            "python_file": f"{_PROJECT}/jobs/{name}.py",
            "parameters": ["--config", f"${{workspace.file_path}}/{config}", *run_id, *sets],
        },
        "libraries": [{"whl": f"{_PROJECT}/dist/*.whl"}],
        "max_retries": 1,
        "min_retry_interval_millis": 60_000,
    }


def _check_used(overrides: Iterable[str], jobs: Mapping[str, Job]) -> None:
    unused = [one for one in overrides if not any(one in job.set for job in jobs.values())]
    if unused:
        raise ConfigError(
            "--set",
            f"a key of {ENVIRONMENT}, or of one of the jobs {', '.join(jobs)}",
            ", ".join(unused),
            "correct the section, or name its job",
        )


def _own(overrides: Iterable[str], job: str) -> list[str]:
    return [one for one in overrides if one.partition(".")[0] in {ENVIRONMENT, job}]
