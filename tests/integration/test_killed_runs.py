"""A job killed with SIGKILL at any point leaves tables that the next run completes.

Each job takes in a second day on top of a first. It is killed again and again, each time a little
further on, and at last left alone: then its tables hold what they hold where nothing was killed.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from small_shop import JOBS, World, write_day

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.table import Table
from cxspark.steps.graph import STEPS

pytestmark = pytest.mark.integration

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


@pytest.mark.parametrize("job", JOBS)
def test_a_run_completes_what_killed_runs_left(
    job: str, worlds: dict[str, World], tmp_path: Path
) -> None:
    before = worlds[("first_day", *JOBS)[JOBS.index(job)]]
    world = before.copy(tmp_path / "tables")
    for moment, name in KILLS[job]:
        run_and_kill(world, job, moment, TABLES[name])
    world.run(job)
    for table in STEPS[job].writes:
        clean = worlds[job].content(table)
        assert world.content(table) == clean
        assert clean != before.content(table)
