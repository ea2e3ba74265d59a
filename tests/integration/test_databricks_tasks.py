"""The bundle's tasks do their work on tables by three-level names, with their own arguments."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
BUNDLE = PROJECT / "conf" / "databricks"
SCHEMA = "cx_bundle"


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """What the workspace would put in; a raw file is there."""
    raw = tmp_path / "raw" / "online-retail"
    raw.mkdir(parents=True)
    rows = [
        f"{n},{item},TEA,2,2011-03-01 08:26:00,2.5,{user},UK"
        for n, (user, item) in enumerate(
            [("17850", "85123A"), ("17850", "71053"), ("13047", "85123A"), ("13047", "22752")]
        )
    ]
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    (raw / "day.csv").write_text("\n".join([header, *rows]) + "\n")
    return {
        "${workspace.file_path}": str(PROJECT),
        "${var.catalog}": "spark_catalog",
        "${var.schema}": SCHEMA,
        "${var.raw}": str(tmp_path / "raw"),
        "{{job.parameters.run_id}}": "77",
    }


def run_task(
    task: dict[str, Any], variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the task's file as Databricks does: in the process that has the session."""
    arguments = task["spark_python_task"]["parameters"]
    for name, value in variables.items():
        arguments = [argument.replace(name, value) for argument in arguments]
    file = BUNDLE / task["spark_python_task"]["python_file"]
    monkeypatch.setattr(sys, "argv", [str(file), *arguments])
    runpy.run_path(str(file), run_name="__main__")


def test_tasks_fill_the_tables_of_their_catalogue_and_schema(
    spark: SparkSession, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "19.0")
    job = yaml.safe_load((BUNDLE / "cxspark.job.yml").read_text())["resources"]["jobs"]["cxspark"]
    for task in job["tasks"]:
        if task["task_key"] in {"ingest_events", "build_user_item"}:
            run_task(task, variables, monkeypatch)
    assert spark.table(f"spark_catalog.{SCHEMA}.gold_user_item").count() == 4
    runs = spark.table(f"spark_catalog.{SCHEMA}.ops_job_runs").collect()
    assert {row["run_id"] for row in runs} == {"77"}
