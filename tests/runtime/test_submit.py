import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from aging import age
from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from cxspark.contracts.errors import ContractError, QualityGateError
from cxspark.contracts.operations import JOB_RUNS, RUN_METRICS
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX
from cxspark.contracts.settings import Settings
from cxspark.contracts.table import Table
from cxspark.runtime.config import load_config
from cxspark.runtime.estimate import Rows
from cxspark.runtime.run import Run
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.step import Step
from cxspark.runtime.submit import run_command
from cxspark.runtime.tables import Tables

PROJECT = Path(__file__).resolve().parents[2]


class JobSettings(Settings):
    n: int = 2


def work(spark: SparkSession, settings: JobSettings, tables: Tables) -> None:
    rows = [(f"u{n}", n) for n in range(settings.n)]
    tables.overwrite(USER_INDEX, spark.createDataFrame(rows, USER_INDEX.schema))
    tables.warn("a thing to look at")


def refuse(error: Exception) -> Callable[[SparkSession, JobSettings, Tables], None]:
    def run(_spark: SparkSession, _settings: JobSettings, _tables: Tables) -> None:
        raise error

    return run


def step(
    run: Callable[[SparkSession, JobSettings, Tables], None] = work, **parts: Any
) -> Step[Any]:
    declared: dict[str, Any] = {"reads": (), "writes": (USER_INDEX,), "name": "job", **parts}
    return Step(summary="a job", settings=JobSettings, run=run, **declared)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "local.yaml"
    path.write_text(f"environment: {{tables: {{root: {tmp_path}/tables}}}}")
    return path


def start(config: Path, one: Step[Any], *arguments: str) -> int:
    return run_command([one], ["--config", str(config), *arguments], known=["job", "other"])


def told(spark: SparkSession, config: Path, table: Table) -> list[Any]:
    location = load_config(config, [], known=[]).environment().tables
    return Tables(spark, location, Run("reader", "reader")).read(table).collect()


def attempts(spark: SparkSession, config: Path) -> list[Any]:
    return told(spark, config, JOB_RUNS)


def test_a_job_ends_with_one_json_line_and_a_row(
    spark: SparkSession, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(config, step(), "--run-id", "r7", "--set", "job.n=3") == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["job"], said["run_id"], said["status"]) == ("job", "r7", "done")
    assert said["outputs"] == [{"table": "gold.user_index", "version": 1, "n_rows": 3}]
    assert said["warnings"] == ["a thing to look at"]
    (row,) = attempts(spark, config)
    assert (row.run_id, row.status, row.outputs[0].n_rows) == ("r7", "done", 3)
    assert row.config_hash == said["config_hash"]
    metrics = told(spark, config, RUN_METRICS)
    assert {one["metric"]: one["value"] for one in metrics} == said["metrics"]
    assert {(one["run_id"], one["job"]) for one in metrics} == {("r7", "job")}
    assert {"seconds", "stages", "cpu_seconds"} <= said["metrics"].keys()


def test_what_a_job_read_is_counted(
    spark: SparkSession,  # noqa: ARG001 the session that the job runs in
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def copy(_spark: SparkSession, _settings: JobSettings, tables: Tables) -> None:
        tables.read(USER_INDEX)

    start(config, step())
    start(config, step(copy, reads=(USER_INDEX,), writes=()))
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["inputs"] == [{"table": "gold.user_index", "version": 1, "n_rows": 2}]


def test_a_job_may_replace_a_table_of_long_ago_that_it_read(
    spark: SparkSession, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def grow(_spark: SparkSession, _settings: JobSettings, tables: Tables) -> None:
        tables.overwrite(USER_INDEX, tables.read(USER_INDEX).limit(1))

    start(config, step())
    age(spark, config.parent / "tables" / "gold" / "user_index", hours=200)
    assert start(config, step(grow, reads=(USER_INDEX,))) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["version"], one["n_rows"]) for one in said["inputs"]] == [(1, 2)]
    assert [(one["version"], one["n_rows"]) for one in said["outputs"]] == [(2, 1)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ContractError("silver.events", "a", "b", "c"), 3),
        (QualityGateError("model", "a", "b", "c"), 4),
        (RuntimeError("disk full"), 1),
    ],
)
def test_a_failure_has_its_exit_code_and_leaves_a_row(
    spark: SparkSession,
    config: Path,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
) -> None:
    assert start(config, step(refuse(error))) == code
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "failed"
    assert str(error) in said["error"]
    assert [row.status for row in attempts(spark, config)] == ["failed"]


def test_a_failed_attempt_tells_what_it_read(
    spark: SparkSession, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def hold_back(_spark: SparkSession, _settings: JobSettings, tables: Tables) -> None:
        tables.read(USER_INDEX)
        raise QualityGateError("model", "a", "b", "c")

    start(config, step())
    assert start(config, step(hold_back, reads=(USER_INDEX,), writes=())) == 4
    read = [{"table": "gold.user_index", "version": 1, "n_rows": 2}]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["inputs"] == read
    (row,) = (one for one in attempts(spark, config) if one.status == "failed")
    assert [one.asDict() for one in row.inputs] == read


def test_a_failed_attempt_tells_versions_whose_rows_it_cant(
    spark: SparkSession, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def lose(spark: SparkSession, _settings: JobSettings, tables: Tables) -> None:
        tables.pin(USER_INDEX, 9)
        raise RuntimeError(spark.version)

    start(config, step())
    assert start(config, step(lose)) == 1
    read = [{"table": "gold.user_index", "version": 9, "n_rows": -1}]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["inputs"] == read
    assert {row.status for row in attempts(spark, config)} == {"done", "failed"}


def in_a_process(
    config: Path, spark: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """A job with a session of its own, whose input isn't there."""
    told = yaml.safe_load(config.read_text())
    told["environment"]["spark"] = spark
    config.write_text(yaml.safe_dump(told))
    job = [sys.executable, PROJECT / "jobs/build_user_item.py", "--config", config, *arguments]
    return subprocess.run(
        job, cwd=config.parent, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.integration
def test_a_session_that_cant_start_ends_with_one_json_line(config: Path) -> None:
    ended = in_a_process(config, {"spark.submit.deployMode": "cluster"})
    (line,) = ended.stdout.splitlines()
    said = json.loads(line)
    assert (ended.returncode, said["job"], said["status"]) == (1, "build_user_item", "failed")
    assert "Java gateway process exited" in said["error"]


@pytest.mark.skipif(is_remote(), reason="a session is given")
def test_a_cluster_is_for_spark_submit(config: Path) -> None:
    ended = in_a_process(config, {"spark.master": "spark://elsewhere:7077"})
    assert ended.returncode == 2
    assert "start jobs/NAME.py by spark-submit" in json.loads(ended.stdout)["error"]


@pytest.mark.integration
def test_a_dry_run_makes_no_folder_and_a_run_leaves_checkpoints_empty(config: Path) -> None:
    folder = config.parent / "checkpoints"
    spark = {"spark.master": "local[1]", "spark.checkpoint.dir": str(folder)}
    assert in_a_process(config, spark, "--dry-run").returncode == 3
    assert [path.name for path in config.parent.iterdir()] == [config.name]
    assert in_a_process(config, spark).returncode == 3
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(is_remote(), reason="Java is out of reach")
def test_an_error_of_javas_is_told_in_its_words(
    spark: SparkSession, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(_spark: SparkSession, _settings: JobSettings, _tables: Tables) -> None:
        spark._jvm.java.util.ArrayDeque().getFirst()

    assert start(config, step(ask)) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error.endswith("; java.util.NoSuchElementException")


def test_a_wrong_setting_ends_with_2_before_anything_runs(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start(config, step(refuse(AssertionError())), "--set", "job.m=1") == 2
    assert "expected values for n; found m" in json.loads(capsys.readouterr().out)["error"]


def test_a_wrong_argument_ends_with_2(config: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        start(config, step(), "--no-such-option")
    assert ended.value.code == 2


def test_a_dry_run_writes_nothing(
    spark: SparkSession,  # noqa: ARG001 the session that the job runs in
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(config, step(refuse(AssertionError())), "--dry-run") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "dry run"
    assert not (config.parent / "tables").exists()


def test_a_dry_run_names_an_input_that_is_missing(
    spark: SparkSession,  # noqa: ARG001 the session that the job runs in
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start(config, step(reads=(ITEM_INDEX,)), "--dry-run") == 3
    assert "gold.item_index" in json.loads(capsys.readouterr().out)["error"]


def test_a_dry_run_that_stumbles_ends_with_1_and_one_json_line(
    spark: SparkSession,  # noqa: ARG001 the session that the job runs in
    config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def rows(_settings: JobSettings, _sizes: Sizes) -> Rows:
        raise RuntimeError("disk gone")

    assert start(config, step(rows=rows), "--dry-run") == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["error"] == "RuntimeError: disk gone"
