"""A job killed with SIGKILL at any point leaves tables that the next run completes.

Each job takes in a second day on top of a first. It is killed again and again, each time a little
further on, and at last left alone: then its tables hold what they hold where nothing was killed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.table import Table
from cxspark.runtime.config import Config
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS

pytestmark = pytest.mark.integration

DRIVER = Path(__file__).with_name("armed_job.py")
JOBS = ("ingest_events", "build_user_item", "recommend_knn")

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
# Differ from run to run, and may.
RUN_COLUMNS = ("run_id", "loaded_at")

SPARK = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
SOURCE = {
    "name": "shop",
    "columns": {"user_id": "user", "item_id": "item", "event_at": "time", "event_type": "action"},
    "event_types": {"view": "view", "purchase": "purchase"},
}


def write_day(folder: Path, day: int) -> None:
    """A day's file: new users and items beside known ones, a duplicate, and a rejected record."""
    rows = [
        f"2026-03-0{day} 10:00:00,u{user},i{item},{'purchase' if item % 2 else 'view'}"
        for user in range(4 * day, 4 * day + 8)
        for item in range(user % 3, user % 5 + 3 * day)
    ]
    broken = f"2026-03-0{day} 11:00:00,,i1,view"
    lines = ["time,user,item,action", *rows, rows[0], broken]
    (folder / f"day-{day}.csv").write_text("\n".join(lines) + "\n")


class World:
    """The tables below one root, and the raw folder that is loaded into them."""

    def __init__(self, spark: SparkSession, root: Path, raw: Path) -> None:
        self.spark = spark
        self.root = root
        self.sections = {
            "environment": {"tables": {"root": str(root)}, "spark": SPARK},
            "ingest_events": {"input": [str(raw)], "source": SOURCE},
            "build_user_item": {},
            "recommend_knn": {"k": 3, "n": 4},
        }

    def copy(self, root: Path) -> "World":
        shutil.copytree(self.root, root)
        return World(self.spark, root, Path(self.sections["ingest_events"]["input"][0]))

    def run(self, *jobs: str) -> None:
        outcomes = submit(
            [STEPS[job] for job in jobs], Config(self.sections, origin="test"), run_id="killed"
        )
        assert [outcome.error for outcome in outcomes] == [None] * len(jobs)

    def folder(self, table: Table) -> Path:
        return self.root / table.name.replace(".", "/")

    def content(self, table: Table) -> list[str]:
        tables = Tables(self.spark, Location(root=str(self.root)), Run("test", "test"))
        return sorted(str(row) for row in tables.read(table).drop(*RUN_COLUMNS).collect())


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
    config = world.root.with_suffix(".yaml")
    config.write_text(yaml.safe_dump(world.sections))
    folder = world.folder(table)
    files, n_commits = data_files(folder), commits(folder)
    command = [sys.executable, str(DRIVER), job, str(config), moment, table.name]
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
