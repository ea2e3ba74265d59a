"""A place where jobs run this way and that, on the same raw files."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml
from cluster import PROJECT
from main_job import fingerprint
from pyspark.sql import SparkSession

from cxspark.contracts.clusters import CLUSTERS
from cxspark.runtime.config import load_config
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS
from cxspark.synthetic.settings import SyntheticSettings
from cxspark.synthetic.world import write_world

INTAKE = ("ingest_events", "ingest_customers")
HEAVY = ("build_user_item", "recommend_knn", "train_als", "cluster_customers")
# The jobs of every way to run them.
EVERYWHERE = ("ingest_events", "build_user_item", "recommend_knn")


@dataclass
class Workplace:
    """Raw files, and the tables that jobs make of them, each way below a root of its own."""

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def set_up(cls, folder: Path) -> "Workplace":
        folder.chmod(0o777)  # the container's user isn't this one
        shutil.copy(PROJECT / "cxspark" / "synthetic" / "source.yaml", folder)
        size = SyntheticSettings(n_users=300, n_items=120, n_events=9_000, days=7)
        write_world(folder / "raw", size)
        rng = np.random.default_rng(11)
        points = rng.normal(size=(900, 4)) + 6 * rng.integers(3, size=(900, 1))
        lines = [f"c{i}," + ",".join(f"{x:.4f}" for x in row) for i, row in enumerate(points)]
        (folder / "customers.csv").write_text("\n".join(["id,a,b,c,d", *lines]) + "\n")
        return cls(folder)

    def run_here(self, way: str, jobs: Iterable[str]) -> None:
        """Run jobs in this process; what each takes is kept."""
        config = load_config(self.config(way), [], known=STEPS)
        outcomes = submit([STEPS[job] for job in jobs], config, run_id="r1")
        assert {one.error for one in outcomes} == {None}
        self.seconds.update({one.run.job: one.seconds for one in outcomes})

    def config(self, way: str) -> Path:
        path = self.folder / f"{way}.yaml"
        sections = {
            "environment": {"tables": {"root": str(self.folder / way)}},
            "ingest_events": {
                "source": str(self.folder / "source.yaml"),
                "input": [str(self.folder / "raw")],
            },
            "train_als": {"rank": 8, "iterations": 6},
            "ingest_customers": {
                "source": {"name": "bank", "user_id": "id"},
                "input": [str(self.folder / "customers.csv")],
            },
            "cluster_customers": {"k_from": 2, "k_to": 4, "seeds": [1]},
        }
        path.write_text(yaml.safe_dump(sections))
        return path

    def contents(self, spark: SparkSession, way: str, jobs: tuple[str, ...]) -> object:
        """Of each table that the jobs write, the number of rows and a hash of its content."""
        reader = self.reader(spark, way)
        written = [table for job in jobs for table in STEPS[job].writes]
        return {table.name: fingerprint(reader.read(table)) for table in written}

    def clusters(self, spark: SparkSession, way: str) -> tuple[int, int]:
        """Who is in which cluster: how many rows, and their hash."""
        found = self.reader(spark, way).read(CLUSTERS)
        return fingerprint(found.select("user_id", "cluster"))

    def has_page(self, way: str) -> bool:
        """Whether there is a whole report."""
        page = self.folder / way / "report" / "index.html"
        return page.read_text(encoding="utf-8").endswith("</html>")

    def reader(self, spark: SparkSession, way: str) -> Tables:
        return Tables(spark, Location(root=str(self.folder / way)), Run("test", "test"))
