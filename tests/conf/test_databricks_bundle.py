"""The bundle, as Databricks' own models of it read it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.jobs import ClusterSpec, Job

BUNDLE = Path(__file__).resolve().parents[2] / "conf" / "databricks"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((BUNDLE / name).read_text())
    return found


@pytest.fixture
def job() -> dict[str, Any]:
    spec: dict[str, Any] = read("cxspark.job.yml")["resources"]["jobs"]["cxspark"]
    return spec


def test_databricks_knows_every_field_of_the_job(job: dict[str, Any]) -> None:
    assert Job.from_dict(job).as_dict() == job


def test_databricks_knows_every_field_of_the_cluster() -> None:
    cluster = read("databricks.yml")["variables"]["cluster"]["default"]
    assert ClusterSpec.from_dict(cluster).as_dict() == cluster


@pytest.mark.parametrize("place", ["job", "task", "parameters"])
def test_a_field_that_there_is_not_is_refused(job: dict[str, Any], place: str) -> None:
    task = job["tasks"][0]
    {"job": job, "task": task, "parameters": task["spark_python_task"]}[place]["retries"] = 1
    with pytest.raises(ValueError, match="Unexpected field 'retries'"):
        Job.from_dict(job)


def missing_upstream(job: dict[str, Any]) -> set[str]:
    """What tasks depend on that is no task; the workspace refuses such a job when it's deployed."""
    upstream = {one["task_key"] for task in job["tasks"] for one in task.get("depends_on", [])}
    return upstream - {task["task_key"] for task in job["tasks"]}


def test_tasks_depend_on_tasks(job: dict[str, Any]) -> None:
    assert not missing_upstream(job)


def test_a_dependency_on_a_task_that_there_is_not_is_found(job: dict[str, Any]) -> None:
    job["tasks"] = [task for task in job["tasks"] if task["task_key"] != "ingest_events"]
    assert missing_upstream(job) == {"ingest_events"}


def test_every_task_starts_a_file_that_there_is(job: dict[str, Any]) -> None:
    for task in job["tasks"]:
        assert (BUNDLE / task["spark_python_task"]["python_file"]).is_file()


def test_every_variable_that_is_used_is_declared() -> None:
    declared = read("databricks.yml")["variables"].keys()
    texts = "".join(path.read_text() for path in BUNDLE.glob("*.yml"))
    used = {piece.partition("}")[0] for piece in texts.split("${var.")[1:]}
    assert used == declared


def test_each_target_has_a_catalogue_and_a_schema_of_its_own() -> None:
    targets = read("databricks.yml")["targets"]
    schemas = {(t["variables"]["catalog"], t["variables"].get("schema")) for t in targets.values()}
    assert len(schemas) == len(targets) == 2
