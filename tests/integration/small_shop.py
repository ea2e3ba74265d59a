"""A small shop's days as raw files, and the tables that the first jobs make of them."""

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import yaml
from main_job import RUN_COLUMNS
from pyspark.sql import Row, SparkSession
from quick_java import QUICK_JAVA

from cxspark.contracts.table import Table
from cxspark.runtime.config import Config
from cxspark.runtime.location import Location
from cxspark.runtime.outcome import Outcome
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS

JOBS = ("ingest_events", "build_user_item", "recommend_knn")

SPARK = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": QUICK_JAVA,
}
SOURCE = {
    "name": "shop",
    "columns": {"user_id": "user", "item_id": "item", "event_at": "time", "event_type": "action"},
    "event_types": {"view": "view", "purchase": "purchase"},
}


def write_day(folder: Path, day: int) -> None:
    """A day's file: new users and items beside known ones, a duplicate, and a rejected record."""
    at = date(2026, 2, 28) + timedelta(day)
    rows = [
        f"{at} 10:00:00,u{user},i{item},{'purchase' if item % 2 else 'view'}"
        for user in range(4 * day, 4 * day + 8)
        for item in range(user % 3, user % 5 + 3 * day)
    ]
    broken = f"{at} 11:00:00,,i1,view"
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

    def submit(self, *jobs: str) -> list[Outcome]:
        config = Config(self.sections, origin="test")
        return submit([STEPS[job] for job in jobs], config, run_id="killed")

    def run(self, *jobs: str) -> None:
        assert [outcome.error for outcome in self.submit(*jobs)] == [None] * len(jobs)

    def config(self, spark: Mapping[str, str] | None = None) -> Path:
        """The configuration as a file, for jobs that run as processes of their own.

        Args:
            spark: settings of Spark beside those that there are, and before them.
        """
        path = self.root.with_suffix(".yaml")
        environment = {"tables": {"root": str(self.root)}, "spark": {**SPARK, **(spark or {})}}
        path.write_text(yaml.safe_dump({**self.sections, "environment": environment}))
        return path

    def folder(self, table: Table) -> Path:
        return self.root / table.name.replace(".", "/")

    def rows(self, table: Table) -> list[Row]:
        tables = Tables(self.spark, Location(root=str(self.root)), Run("test", "test"))
        return tables.read(table).drop(*RUN_COLUMNS).collect()

    def content(self, table: Table) -> list[str]:
        return sorted(map(str, self.rows(table)))
