"""conf/airflow/cxspark_dag.py in Airflow itself, with the real spark-submit."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow_environment import CONF, PROJECT, Airflow, environment
from pyspark.sql import SparkSession
from quick_java import QUICK_JAVA

from cxspark.orchestration import GraphFormat, write_graph
from cxspark.runtime.session import delta_jars

pytestmark = pytest.mark.integration

DAY = "2026-03-01"
SOURCE = {
    "name": "shop",
    "columns": {"user_id": "user", "item_id": "item", "event_at": "time", "event_type": "action"},
}
SPARK = {
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.driver.extraJavaOptions": QUICK_JAVA,
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
IMPORT = """
import json, sys, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from airflow.dag_processing.dagbag import DagBag
    bag = DagBag(sys.argv[1])
told = [str(one.message) for one in caught], bag.captured_warnings, bag.import_errors
tasks = {task.task_id: sorted(task.upstream_task_ids) for task in bag.dags["cxspark"].tasks}
kinds = {type(task).__name__ for task in bag.dags["cxspark"].tasks}
print(json.dumps({"told": [*filter(None, told)], "tasks": tasks, "kinds": sorted(kinds)}))
"""
AT_ONCE = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
print(json.dumps(DagBag(sys.argv[1]).dags["cxspark"].max_active_tasks))
"""
FAIL = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
task = DagBag(sys.argv[1]).dags["cxspark"].get_task("ingest_events")
try:
    task.execute({})
except Exception as error:
    decision = task.retry_policy.evaluate(error, 1, task.retries)
print(json.dumps([decision.action.value, decision.reason]))
"""
# The day of a run at the schedule's time, and of one that was triggered without a date.
DAYS = """
import json, sys
from datetime import UTC, datetime
from types import SimpleNamespace
from airflow.dag_processing.dagbag import DagBag
dag = DagBag(sys.argv[1]).dags["cxspark"]
after = datetime(2026, 3, 2, 2, tzinfo=UTC)
runs = [SimpleNamespace(logical_date=at, run_after=after) for at in (after.replace(day=1), None)]
template = dag.get_template_env().from_string("{{ day(dag_run) }}")
print(json.dumps([template.render(dag_run=run, **dag.user_defined_macros) for run in runs]))
"""
# What a trigger tells of a run on Databricks whose job has left by sys.exit(4).
FAIL_ON_DATABRICKS = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
task = DagBag(sys.argv[1]).dags["cxspark"].get_task("evaluate_recommenders")
state = json.dumps({"life_cycle_state": "TERMINATED", "result_state": "FAILED"})
errors = [{"task_key": task.task_id, "run_id": 2, "error": "SystemExit: 4"}]
try:
    event = {"run_id": 1, "run_page_url": "", "run_state": state, "errors": errors}
    task.execute_complete({}, event)
except Exception as error:
    decision = task.retry_policy.evaluate(error, 1, task.retries)
print(json.dumps([decision.action.value, decision.reason]))
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    return environment()


@pytest.fixture(scope="module")
def database(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Airflow's own home, with its database made."""
    path = tmp_path_factory.mktemp("airflow")
    done = Airflow(folder, path, CONF).run("-m", "airflow", "db", "migrate")
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose configuration loads two days' files into tables beside it."""
    conf = tmp_path / "conf"
    (conf / "spark").mkdir(parents=True)
    (tmp_path / "raw").mkdir()
    (tmp_path / "jobs").symlink_to(PROJECT / "jobs")
    for day in (DAY, "2026-03-02"):
        rows = f"user,item,time,action\nann,tea,{day} 10:00:00,view\nbob,tea,{day} 11:00:00,view\n"
        (tmp_path / "raw" / f"{day}.csv").write_text(rows)
    settings = {**SPARK, **delta_jars()}
    lines = [f"{name} {value}" for name, value in settings.items()]
    (conf / "spark" / "small.conf").write_text("\n".join(lines))
    sections = {
        "environment": {"tables": {"root": str(tmp_path / "tables")}},
        "ingest_events": {"source": SOURCE, "input": [str(tmp_path / "raw")]},
        "build_user_item": {},
    }
    (conf / "small.yaml").write_text(yaml.safe_dump(sections))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def airflow(folder: Path, database: Path, home: Path, *overrides: str) -> Airflow:
    """Airflow with the DAG of the checkout's configuration."""
    dags = home / "dags"
    dags.mkdir()
    shutil.copy(CONF / "cxspark_dag.py", dags)
    graph = write_graph(Path("conf/small.yaml"), [], overrides, form=GraphFormat.JSON)
    (dags / "small.json").write_text(graph)
    variables = {"CXSPARK_HOME": str(home), "CXSPARK_ENVIRONMENT": "small"}
    return Airflow(folder, database, dags, **variables)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("cluster", "SparkSubmitOperator"), ("databricks", "DatabricksRunNowOperator")],
)
def test_the_dag_has_the_graph_s_tasks_and_is_imported_without_a_warning(
    folder: Path, tmp_path: Path, name: str, kind: str
) -> None:
    here = Airflow(folder, tmp_path, CONF, CXSPARK_ENVIRONMENT=name)
    found = here.look(IMPORT, str(CONF))
    graph = json.loads((CONF / f"{name}.json").read_text())["jobs"]
    assert found["told"] == []
    assert found["tasks"] == {job: place["after"] for job, place in graph.items()}
    assert found["kinds"] == [kind]


@pytest.mark.parametrize("n", [1, 16])
def test_tasks_run_one_at_a_time_where_the_store_asks_for_it(
    folder: Path, tmp_path: Path, n: int
) -> None:
    asked = {} if n == 16 else {"CXSPARK_TASKS": str(n)}
    assert Airflow(folder, tmp_path, CONF, **asked).look(AT_ONCE, str(CONF)) == n


def test_a_run_without_a_date_is_of_the_day_before(folder: Path, tmp_path: Path) -> None:
    here = Airflow(folder, tmp_path, CONF, CXSPARK_ENVIRONMENT="databricks")
    assert here.look(DAYS, str(CONF)) == ["2026-03-01", "2026-03-01"]


def test_a_run_is_of_its_day_and_leaves_its_id(
    folder: Path, database: Path, home: Path, spark: SparkSession
) -> None:
    window = f'ingest_events.input=["{home}/raw/{{{{ day(dag_run) }}}}.csv"]'
    states = run_dag(airflow(folder, database, home, window), DAY)
    assert states == {"ingest_events": "success", "build_user_item": "success"}
    runs = spark.read.format("delta").load(str(home / "tables" / "ops" / "job_runs")).collect()
    assert {row["job"] for row in runs} == {"ingest_events", "build_user_item"}
    (run_id,) = {row["run_id"] for row in runs}
    assert run_id.startswith("manual__")
    events = spark.read.format("delta").load(str(home / "tables" / "silver" / "events"))
    assert {str(row["event_at"].date()) for row in events.collect()} == {DAY}


def test_a_wrong_configuration_fails_the_run_at_the_first_try(
    folder: Path, database: Path, home: Path
) -> None:
    here = airflow(folder, database, home, "ingest_events.max_events_per_user_day={{ 0 }}")
    states = run_dag(here, "2026-03-02")
    assert states == {"ingest_events": "failed", "build_user_item": "upstream_failed"}


@pytest.mark.parametrize(
    ("override", "decision"),
    [
        ("ingest_events.input=[nowhere.csv]", ["fail", "exit code 3: an input broke its contract"]),
        ("environment.tables.root=/dev/null/tables", ["default", None]),
    ],
)
def test_only_what_may_pass_is_tried_again(
    folder: Path, database: Path, home: Path, override: str, decision: list[Any]
) -> None:
    here = airflow(folder, database, home, override)
    assert here.look(FAIL, str(here.dags)) == decision


def test_a_quality_gate_on_databricks_is_not_tried_again(folder: Path, tmp_path: Path) -> None:
    here = Airflow(folder, tmp_path, CONF, CXSPARK_ENVIRONMENT="databricks")
    found = here.look(FAIL_ON_DATABRICKS, str(CONF))
    assert found == ["fail", "exit code 4: quality gate"]


def run_dag(here: Airflow, day: str) -> dict[str, str]:
    """Run the DAG for a day; each task's state at its end."""
    done = here.run("-m", "airflow", "dags", "test", "cxspark", day)
    command = (
        "tasks",
        "states-for-dag-run",
        "cxspark",
        f"{day}T00:00:00+00:00",
        "--output",
        "json",
    )
    listed = here.run("-m", "airflow", *command)
    assert listed.returncode == 0, done.stdout + done.stderr + listed.stdout + listed.stderr
    return {one["task_id"]: one["state"] for one in json.loads(listed.stdout.splitlines()[-1])}
