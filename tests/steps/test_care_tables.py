"""Table care on small Delta tables: four attempts in the log of runs, and a dictionary at rest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aging import age
from pyspark.sql import Row, SparkSession

from cxspark.care.settings import CareTablesSettings
from cxspark.contracts.errors import CxsparkError
from cxspark.contracts.operations import JOB_RUNS, TABLE_CARE
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX
from cxspark.runtime.config import config_hash
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.care_tables import STEP
from cxspark.steps.graph import STEPS, needs, with_upstream, writers

AT = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = {"ops.job_runs": {"min_small_files": 4}}


def tables_at(spark: SparkSession, folder: Path, run_id: str, settings: str = "") -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, run_id, settings))


def care(spark: SparkSession, folder: Path, run_id: str, **settings: Any) -> dict[str, Row]:
    """The rows that a run leaves, by table."""
    model = CareTablesSettings.model_validate({"tables": POLICY, **settings})
    STEP.run(spark, model, tables_at(spark, folder, run_id, config_hash(model)))
    written = tables_at(spark, folder, "reader").read(TABLE_CARE).where(f"run_id = '{run_id}'")
    return {row["table"]: row for row in written.collect()}


def done(row: Row) -> list[str]:
    return [one.action for one in row.actions if one.is_done]


def due(row: Row) -> list[str]:
    return [one.action for one in row.actions if one.is_due]


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("care")
    tables = tables_at(spark, folder, "before")
    for place in range(2):
        rows = spark.createDataFrame([(f"u{place}", place)], USER_INDEX.schema).coalesce(1)
        tables.overwrite(USER_INDEX, rows)
    age(spark, folder / "gold" / "user_index", hours=200)
    for n in range(4):
        attempt = (f"r{n}", "a_job", "done", AT, 1.0, "hash", [], [], [], None, "0.1.0")
        rows = spark.createDataFrame([attempt], JOB_RUNS.schema).coalesce(1)
        tables.append(JOB_RUNS, rows)
    return folder


@pytest.fixture(scope="module")
def planned(spark: SparkSession, folder: Path) -> dict[str, Row]:
    # Under the run id of the first: what was but planned is still to be done by other settings.
    return care(spark, folder, "first", apply=False)


@pytest.fixture(scope="module")
def first(spark: SparkSession, folder: Path, planned: dict[str, Row]) -> dict[str, Row]:  # noqa: ARG001
    return care(spark, folder, "first")


def test_measuring_alone_says_what_is_due_and_does_nothing(planned: dict[str, Row]) -> None:
    runs, index = planned["ops.job_runs"], planned["gold.user_index"]
    assert (runs.n_files, runs.n_small_files, runs.n_rows, runs.n_versions) == (4, 4, 4, 5)
    assert (due(runs), done(runs), due(index), done(index)) == (["optimize"], [], ["vacuum"], [])
    assert runs.actions[2].reason == "4 of 4 are files smaller than 32 MiB that can be merged"


def test_the_log_of_runs_is_merged(first: dict[str, Row]) -> None:
    row = first["ops.job_runs"]
    assert (row.n_files, row.n_files_removed, row.n_files_added, row.n_rows) == (1, 4, 1, 4)
    assert done(row) == ["optimize"]


def test_what_was_replaced_long_ago_is_deleted(folder: Path, first: dict[str, Row]) -> None:
    row = first["gold.user_index"]
    assert (done(row), row.n_files_deleted, row.version) == (["vacuum"], 1, 2)
    assert len(list((folder / "gold" / "user_index").glob("*.parquet"))) == 1
    assert row.vacuumed_at is not None
    # The newest version can be read, however old it is; no other of so long ago.
    assert (row.oldest_version, row.n_versions) == (2, 3)


def test_tables_that_are_not_there_are_skipped(
    planned: dict[str, Row], first: dict[str, Row]
) -> None:
    assert set(planned) == {"ops.job_runs", "gold.user_index"}
    assert set(first) == {*planned, "ops.table_care"}


def test_the_same_run_again_changes_nothing(
    spark: SparkSession, folder: Path, first: dict[str, Row]
) -> None:
    assert care(spark, folder, "first") == first
    newest = tables_at(spark, folder, "reader").history(JOB_RUNS, limit=1)[0]
    assert (newest.version, newest.run_id) == (first["ops.job_runs"].version, "first")


def test_the_next_run_finds_nothing_to_do(
    spark: SparkSession, folder: Path, first: dict[str, Row]
) -> None:
    again = care(spark, folder, "second")
    assert {name: due(row) for name, row in again.items()} == {name: [] for name in again}
    before, row = first["gold.user_index"], again["gold.user_index"]
    assert row.vacuumed_at == before.vacuumed_at


@pytest.fixture
def broken(spark: SparkSession, tmp_path: Path) -> Path:
    """A dictionary one of whose four files is missing, and a log of runs after it."""
    tables = tables_at(spark, tmp_path, "before")
    for n in range(4):
        rows = spark.createDataFrame([(f"i{n}", n)], ITEM_INDEX.schema).coalesce(1)
        tables.append(ITEM_INDEX, rows)
    tables.create(JOB_RUNS)
    lost = next((tmp_path / "gold" / "item_index").glob("*.parquet"))
    lost.rename(tmp_path / lost.name)
    return tmp_path


def test_a_table_that_fails_is_named_and_the_others_are_cared_for(
    spark: SparkSession, broken: Path
) -> None:
    policy = {"gold.item_index": {"min_small_files": 4}}
    with pytest.raises(CxsparkError, match=r"^gold.item_index: expected tables that can") as failed:
        care(spark, broken, "r", tables=policy)
    assert failed.value.exit_code == 1
    written = tables_at(spark, broken, "reader").read(TABLE_CARE).collect()
    rows = {row["table"]: row for row in written}
    assert set(rows) == {"gold.item_index", "ops.job_runs"}
    index = rows["gold.item_index"]
    assert (due(index), done(index)) == (["optimize"], [])
    assert index.warnings[0].startswith("gold.item_index: optimize failed: ")
    # The same run again does what was left.
    (lost,) = broken.glob("*.parquet")
    lost.rename(broken / "gold" / "item_index" / lost.name)
    again = care(spark, broken, "r", tables=policy)
    assert done(again["gold.item_index"]) == ["optimize"]
    assert again["ops.job_runs"] == rows["ops.job_runs"]
    assert care(spark, broken, "r", tables=policy) == again


def test_care_writes_its_report_alone_and_comes_last() -> None:
    assert STEPS["care_tables"].writes == (TABLE_CARE,)
    assert writers(USER_INDEX) == ["build_user_item"]
    assert all("care_tables" not in needs(name) for name in STEPS)
    assert with_upstream(["care_tables"]) == ["care_tables"]
