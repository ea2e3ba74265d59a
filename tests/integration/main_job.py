"""The main job, raw files to report, over one raw folder; shared by the tests on real data."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.catalogue import TABLES
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.runtime.config import Config
from cxspark.runtime.location import Location
from cxspark.runtime.outcome import Outcome
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.evaluate_recommenders import STEP as EVALUATION
from cxspark.steps.graph import in_order, with_upstream

SOURCES = Path(__file__).resolve().parents[2] / "conf" / "sources"
MAIN_JOB = tuple(with_upstream(["build_report"]))
# Differ from run to run, or, as `position`, with how the files were cut into tasks; and may.
RUN_COLUMNS = ("run_id", "loaded_at", "trained_at", "position")


class MainJob:
    """The suite's jobs in order, on a raw folder, with tables of their own."""

    def __init__(self, spark: SparkSession, root: Path, source: str, raw: Path) -> None:
        if not raw.exists():
            pytest.skip(f"no {raw}")
        self.spark = spark
        self.root = root
        self.config = Config(
            {
                "environment": {"tables": {"root": str(root)}},
                "ingest_events": {
                    "source": yaml.safe_load((SOURCES / source).read_text(encoding="utf-8")),
                    "input": [str(raw)],
                },
            },
            origin="test",
        )

    def run(self, run_id: str, jobs: Iterable[str] = MAIN_JOB) -> dict[str, Outcome]:
        """Run the jobs, by default all that the report needs; what came out, by job."""
        steps = in_order(jobs)
        outcomes = submit(steps, self.config, run_id=run_id)
        assert [outcome.error for outcome in outcomes] == [None] * len(steps)
        return {outcome.run.job: outcome for outcome in outcomes}

    def read(self, name: str) -> DataFrame:
        """A table as it is now."""
        tables = Tables(self.spark, Location(root=str(self.root)), Run("test", "test"))
        return tables.read(TABLES[name])

    def judge(self, settings: EvaluateRecommendersSettings) -> dict[str, Row]:
        """Compare recommenders on the events that there are; nDCG over all users, by algorithm."""
        tables = Tables(self.spark, Location(root=str(self.root)), Run(EVALUATION.name, "judged"))
        EVALUATION.run(self.spark, settings, tables)
        rows = self.read("ops.model_metrics").where("segment = 'all' AND metric = 'ndcg'").collect()
        return {row["algorithm"]: row for row in rows}

    def page(self) -> str:
        """The report."""
        return (self.root / "report" / "index.html").read_text(encoding="utf-8")

    def fingerprint(self, name: str) -> tuple[int, int]:
        """See `fingerprint`."""
        return fingerprint(self.read(name))


def fingerprint(frame: DataFrame) -> tuple[int, int]:
    """A table's number of rows and the sum of their hashes, whatever their order."""
    frame = frame.drop(*RUN_COLUMNS)
    texts = [F.col(column).cast("string") for column in frame.columns]
    hashes = F.sum(F.xxhash64(*texts).cast("decimal(38,0)"))
    row = frame.agg(F.count(F.lit(1)), F.coalesce(hashes, F.lit(0))).collect()[0]
    return row[0], int(row[1])
