"""Runs that are killed, or overtaken by another, leave tables that the next run completes.

Each job takes in a second day on top of a first. It is killed again and again, each time a little
further on, and at last left alone; or two runs take the day in at once. Then its tables hold what
they hold where nothing happened.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cluster import PROJECT, wait_until
from pyspark.sql import SparkSession
from small_shop import JOBS, World, write_day

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.contracts.table import Table
from cxspark.steps.graph import STEPS

pytestmark = pytest.mark.integration

RIVALS = [
    pytest.param("ingest_events", SILVER_EVENTS, id="ingest_events"),
    pytest.param("build_user_item", USER_ITEM, id="build_user_item", marks=pytest.mark.thorough),
]
DRIVER = Path(__file__).with_name("armed_job.py")

# Where the runs of a job are killed, one after the other: before a table is written; when its data
# files are there and the commit is not; after the commit, with what comes next undone.
KILLS = {
    "ingest_events": [
        ("files", "bronze.events"),
        ("after", "silver.quarantine"),
        ("files", "silver.events"),
        ("before", "ops.loads"),
    ],
    "build_user_item": [
        ("files", "gold.item_index"),
        ("files", "gold.user_item"),
    ],
    "recommend_knn": [
        ("after", "gold.user_neighbors"),
        ("files", "gold.recommendations"),
    ],
}


@pytest.fixture(scope="module")
def worlds(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """The first day's tables, and those after each job has taken in the second day as well."""
    folder = tmp_path_factory.mktemp("worlds")
    raw = folder / "raw"
    raw.mkdir()
    write_day(raw, 1)
    world = World(spark, folder / "first_day", raw)
    world.run(*JOBS)
    write_day(raw, 2)
    worlds = {"first_day": world}
    for job in JOBS:
        world = world.copy(folder / job)
        world.run(job)
        worlds[job] = world
    return worlds


def data_files(folder: Path) -> set[Path]:
    """The table's finished Parquet files: a reader would find their footer."""
    files = [file for file in folder.rglob("*.parquet") if "_delta_log" not in file.parts]
    return {file for file in files if file.read_bytes()[-4:] == b"PAR1"}


def commits(folder: Path) -> int:
    return len(list((folder / "_delta_log").glob("*.json")))


def run_and_kill(world: World, job: str, moment: str, table: Table) -> None:
    """Start the job on its own, and see that it is killed at that moment and no other."""
    folder = world.folder(table)
    files, n_commits = data_files(folder), commits(folder)
    command = [sys.executable, str(DRIVER), job, str(world.config()), moment, table.name]
    with world.root.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(
            command, start_new_session=True, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                if moment == "files" and data_files(folder) - files:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                time.sleep(0.003)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, world.root.with_suffix(".log").read_text()
    assert bool(data_files(folder) - files) == (moment != "before")
    assert commits(folder) == n_commits + (moment == "after")


def before(worlds: dict[str, World], job: str) -> World:
    """The tables that the job is to take a second day into."""
    return worlds[("first_day", *JOBS)[JOBS.index(job)]]


def assert_taken_in(world: World, job: str, worlds: dict[str, World]) -> None:
    """The job's tables are those of a run that nothing happened to."""
    for table in STEPS[job].writes:
        clean = worlds[job].content(table)
        assert world.content(table) == clean
        assert clean != before(worlds, job).content(table)


@pytest.mark.thorough
@pytest.mark.parametrize("job", JOBS)
def test_a_run_completes_what_killed_runs_left(
    job: str, worlds: dict[str, World], tmp_path: Path
) -> None:
    world = before(worlds, job).copy(tmp_path / "tables")
    for moment, name in KILLS[job]:
        run_and_kill(world, job, moment, TABLES[name])
    world.run(job)
    assert_taken_in(world, job, worlds)


@pytest.mark.parametrize(("job", "table"), RIVALS)
def test_of_two_runs_at_once_one_wins_and_the_tables_are_right(
    job: str, table: Table, worlds: dict[str, World], tmp_path: Path
) -> None:
    world = before(worlds, job).copy(tmp_path / "tables")
    command = [sys.executable, f"jobs/{job}.py", "--config", str(world.config()), "--run-id"]
    runs = [
        subprocess.Popen([*command, name], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for name in ("one", "other")
    ]
    said = [json.loads(run.communicate(timeout=300)[0].splitlines()[-1]) for run in runs]
    assert "done" in {one["status"] for one in said}
    for run, one in zip(runs, said, strict=True):
        won = one["status"] == "done"
        assert run.returncode == (0 if won else 1)
        assert won or "no other run that writes it" in one["error"]
    assert commits(world.folder(table)) > commits(before(worlds, job).folder(table))
    assert_taken_in(world, job, worlds)


@pytest.mark.parametrize(("job", "table"), RIVALS)
def test_a_run_that_another_overtakes_says_so_and_the_tables_are_right(
    job: str, table: Table, worlds: dict[str, World], tmp_path: Path
) -> None:
    world = before(worlds, job).copy(tmp_path / "tables")
    config = world.config()
    sign = Path(f"{config}.waits")
    command = [sys.executable, str(DRIVER), job, str(config), "wait", table.name]
    late = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        wait_until(sign.exists, f"write of {table.name}")
        world.run(job)
    finally:
        sign.unlink(missing_ok=True)
    said = json.loads(late.communicate(timeout=300)[0].splitlines()[-1])
    assert "no other run that writes it" in said["error"]
    assert late.returncode == 1
    assert_taken_in(world, job, worlds)
