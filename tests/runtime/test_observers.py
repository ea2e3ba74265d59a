import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX
from cxspark.contracts.settings import Settings
from cxspark.runtime.step import Step
from cxspark.runtime.submit import run_command
from cxspark.runtime.tables import Tables


class JobSettings(Settings):
    n: int = 2


FACTS = {"accuracy": {"held_out": 0.9}, "by": "knn", "weights": {"check-out & pay": 3.0}}


def first(spark: SparkSession, settings: JobSettings, tables: Tables) -> None:
    rows = [(f"u{n}", n) for n in range(settings.n)]
    frame = spark.createDataFrame(rows, USER_INDEX.schema)
    tables.overwrite(USER_INDEX, frame, facts=FACTS)


def second(spark: SparkSession, settings: JobSettings, tables: Tables) -> None:  # noqa: ARG001
    tables.read(USER_INDEX)
    raise RuntimeError("disk full")


FIRST = Step("first", "makes users", JobSettings, (), (USER_INDEX,), first)
SECOND = Step("second", "reads them", JobSettings, (USER_INDEX,), (ITEM_INDEX,), second)


def run(folder: Path, told: dict[str, Any]) -> int:
    config = folder / "local.yaml"
    environment = {"tables": {"root": str(folder / "tables")}, **told}
    config.write_text(yaml.safe_dump({"environment": environment}))
    arguments = ["--config", str(config), "--run-id", "r7", "--set", "first.n=3"]
    return run_command([FIRST, SECOND], arguments, known=["first", "second"])


def select(database: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.usefixtures("spark")
def test_mlflow_keeps_settings_metrics_and_versions_of_each_run(tmp_path: Path) -> None:
    database = tmp_path / "runs.db"
    assert run(tmp_path, {"mlflow": {"tracking_uri": f"sqlite:///{database}"}}) == 1
    runs = select(database, "SELECT name, status FROM runs ORDER BY start_time")
    assert runs == [("first r7", "FINISHED"), ("second r7", "FAILED")]
    assert ("n", "3") in select(database, "SELECT key, value FROM params")
    metrics = dict(select(database, "SELECT key, value FROM metrics"))
    assert metrics["gold.user_index.accuracy.held_out"] == 0.9
    assert metrics["gold.user_index.weights.check-out _ pay"] == 3.0
    assert metrics["seconds"] > 0
    tags = dict(select(database, "SELECT key, value FROM tags"))
    assert tags["cxspark.output.gold.user_index"] == "1"
    assert tags["cxspark.run_id"] == "r7"


@pytest.mark.usefixtures("spark")
def test_openlineage_hears_what_was_made_of_what(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(file), "append": True}
    assert run(tmp_path, {"openlineage": {"transport": transport}}) == 1
    events = [json.loads(line) for line in file.read_text().splitlines()]
    states = [(event["job"]["name"], event["eventType"]) for event in events]
    assert states == [
        ("first", "START"),
        ("first", "COMPLETE"),
        ("second", "START"),
        ("second", "FAIL"),
    ]
    made = events[1]["outputs"][0]
    assert made["name"] == f"{tmp_path}/tables/gold/user_index"
    assert made["facets"]["version"]["datasetVersion"] == "1"
    assert made["outputFacets"]["outputStatistics"]["rowCount"] == 3
    failed = events[3]["run"]
    assert "disk full" in failed["facets"]["errorMessage"]["message"]
    assert failed["runId"] == events[2]["run"]["runId"] != events[1]["run"]["runId"]
    parents = {event["run"]["facets"]["parent"]["run"]["runId"] for event in events}
    assert len(parents) == 1


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    "told",
    [
        {"mlflow": {"tracking_uri": "http://127.0.0.1:9"}},
        {"mlflow": {"tracking_uri": "no-such-scheme://x"}},
        {"openlineage": {"transport": {"type": "http", "url": "http://127.0.0.1:9"}}},
        {"openlineage": {"transport": {"type": "pigeon"}}},
    ],
)
def test_who_cant_be_told_doesnt_stop_a_job(
    tmp_path: Path, told: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "local.yaml"
    environment = {"tables": {"root": str(tmp_path / "tables")}, **told}
    config.write_text(yaml.safe_dump({"environment": environment}))
    assert run_command([FIRST], ["--config", str(config)], known=["first"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["status"] == "done"
    assert "not told" in said.err
