"""The suite as an Airflow DAG: a task for each job of a configuration, in the job graph's order.

The graph stands beside this file, made by `cxspark graph`; Airflow needs no cxspark. Set where the
DAG is parsed:

- CXSPARK_HOME: a checkout, with jobs/ and conf/, that the workers reach; by default this file's.
- CXSPARK_ENVIRONMENT: cluster, or another NAME with NAME.json here and conf/spark/NAME.conf, for
  spark-submit; databricks for the job that the bundle in conf/databricks has deployed.
- CXSPARK_PACKAGE: the .zip of scripts/build, where the cluster's Python doesn't have cxspark.
- CXSPARK_TASKS: how many tasks may run at once, 16 by default; 1 where the tables are on S3.
- CXSPARK_DATABRICKS_JOB: the deployed job's name; in development it has a prefix.

A task that is tried again or cleared has the same run id, and leaves the same tables.
"""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.databricks.operators.databricks import DatabricksRunNowOperator
from airflow.sdk import DAG, Context, CronDataIntervalTimetable, RetryDecision, RetryPolicy

HOME = os.environ.get("CXSPARK_HOME", str(Path(__file__).resolve().parents[2]))
ENVIRONMENT = os.environ.get("CXSPARK_ENVIRONMENT", "cluster")
GRAPH = json.loads(Path(__file__).with_name(f"{ENVIRONMENT}.json").read_text(encoding="utf-8"))
RUN_ID = "{{ run_id }}"
DAY = "{{ day(dag_run) }}"

# Exit codes that another try can't mend.
IN_VAIN = {"2": "wrong configuration", "3": "an input broke its contract", "4": "quality gate"}
# As spark-submit's hook has it in its message, and as a Databricks run has it in its error.
EXIT_CODE = re.compile(r"Error code is: (\d+)|SystemExit: (\d+)")


class RetryByExitCode(RetryPolicy):
    """Fails at once where another try would end the same."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,  # noqa: ARG002
        max_tries: int,  # noqa: ARG002
        context: Context | None = None,  # noqa: ARG002
    ) -> RetryDecision:
        """The task's own retries, unless the job said that they are in vain."""
        found = EXIT_CODE.search(str(exception))
        code = (found[1] or found[2]) if found else None
        if code in IN_VAIN:
            return RetryDecision.fail(f"exit code {code}: {IN_VAIN[code]}")
        return RetryDecision.default()


def day(dag_run: Any) -> str:
    """The day that a run is of: of its logical date, or the one before where it has none.

    Runs that others trigger have none, nor ``{{ ds }}``; ``{{ day(dag_run) }}`` does for all.
    """
    of = dag_run.logical_date or dag_run.run_after - timedelta(days=1)
    return f"{of:%Y-%m-%d}"


def spark_submit(job: str) -> SparkSubmitOperator:
    """The job by spark-submit, on the master of the connection spark_default."""
    sets = [part for override in GRAPH["jobs"][job]["set"] for part in ("--set", override)]
    return SparkSubmitOperator(
        task_id=job,
        name=f"cxspark {job}",
        application=f"{HOME}/jobs/{job}.py",
        application_args=["--config", f"{HOME}/{GRAPH['config']}", "--run-id", RUN_ID, *sets],
        properties_file=f"{HOME}/conf/spark/{ENVIRONMENT}.conf",
        py_files=os.environ.get("CXSPARK_PACKAGE"),
    )


def databricks(job: str) -> DatabricksRunNowOperator:
    """The job as the task of the same name, alone, of the bundle's job."""
    return DatabricksRunNowOperator(
        task_id=job,
        job_name=os.environ.get("CXSPARK_DATABRICKS_JOB", "cxspark"),
        json={"only": [job], "job_parameters": {"run_id": RUN_ID, "day": DAY}},
    )


with DAG(
    dag_id="cxspark",
    description="from raw events and customers to recommendations, segments and a report",
    # A run is of the day before.
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # runs write the same tables
    max_active_tasks=int(os.environ.get("CXSPARK_TASKS", "16")),
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_policy": RetryByExitCode(),
    },
    tags=["cxspark", ENVIRONMENT],
    user_defined_macros={"day": day},
):
    make = databricks if ENVIRONMENT == "databricks" else spark_submit
    tasks = {job: make(job) for job in GRAPH["jobs"]}
    for job, place in GRAPH["jobs"].items():
        tasks[job].set_upstream([tasks[one] for one in place["after"]])
