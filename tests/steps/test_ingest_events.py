"""The step on real files and Delta tables: what it leaves behind, once, twice and in parts."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.errors import ContractError
from cxspark.ingest.settings import IngestEventsSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.ingest_events import STEP

HEADER = "id,user,item,time,action\n"
FIRST = HEADER + "1,u1,i1,2026-03-01 10:00:00,view\n2,,i2,2026-03-01 11:00:00,view\n"
# A known event, a known id with another item, and a new event.
SECOND = (
    HEADER + "1,u1,i1,2026-03-01 10:00:00,view\n1,u1,i9,2026-03-01 10:00:00,view\n"
    "3,u2,i2,2026-03-01 12:00:00,view\n"
)
NAMES = ["bronze.events", "silver.quarantine", "silver.events", "ops.loads"]


class Job:
    """The step with its raw folder and its tables."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.raw, self.root = spark, folder / "raw", folder / "tables"
        self.raw.mkdir()

    def write(self, name: str, text: str) -> None:
        (self.raw / name).write_text(text, encoding="utf-8")

    def run(self, *paths: str, **source: Any) -> Tables:
        columns = {"event_id": "id", "user_id": "user", "item_id": "item", "event_at": "time"}
        mapping = {"name": "shop", "columns": columns | {"event_type": "action"}} | source
        inputs = [str(self.raw / path) for path in paths] or [str(self.raw)]
        tables = Tables(self.spark, Location(root=str(self.root)), Run(STEP.name, "r"))
        settings = IngestEventsSettings.model_validate({"source": mapping, "input": inputs})
        STEP.run(self.spark, settings, tables)
        return tables

    def rows(self, name: str) -> list[str]:
        """A table's rows as text, without what differs from run to run."""
        tables = Tables(self.spark, Location(root=str(self.root)), Run("test", "t"))
        frame = tables.read(TABLES[name]).drop("loaded_at", "position")
        return sorted(row[0] for row in frame.select(F.to_json(F.struct("*"))).collect())

    def everything(self) -> dict[str, list[str]]:
        return {name: self.rows(name) for name in NAMES}

    def counts(self) -> dict[str, tuple[int, ...]]:
        """Records, accepted, duplicates and quarantined by file."""
        kinds = ("n_records", "n_accepted", "n_duplicates", "n_quarantined")
        loads = [json.loads(row) for row in self.rows("ops.loads")]
        return {Path(load["file"]).name: tuple(load[kind] for kind in kinds) for load in loads}

    def delete(self, name: str) -> None:
        address = Location(root=str(self.root)).address(TABLES[name])
        self.spark.sql(f"DELETE FROM {address}")


@pytest.fixture
def job(spark: SparkSession, tmp_path: Path) -> Job:
    return Job(spark, tmp_path)


def test_every_record_has_its_place_and_the_funnel_is_told(
    job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    job.write("a.csv", FIRST)
    job.write("b.csv", SECOND)
    with caplog.at_level(logging.INFO, "cxspark"):
        job.run()
    assert job.counts() == {"a.csv": (2, 1, 0, 1), "b.csv": (3, 1, 1, 1)}
    assert "shop: 5 records = 2 accepted + 1 duplicates + 2 quarantined" in caplog.text
    reasons = [json.loads(row)["reasons"] for row in job.rows("silver.quarantine")]
    assert sorted(reasons) == [["conflicting_event_id"], ["missing_user_id"]]
    assert len(job.rows("bronze.events")) == 5


def test_files_one_by_one_leave_what_they_leave_together(
    job: Job, spark: SparkSession, tmp_path: Path
) -> None:
    job.write("a.csv", FIRST)
    job.write("b.csv", SECOND)
    job.run("a.csv")
    tables = job.run()
    assert len(tables.run.warnings) == 1
    assert "a.csv: loaded before" in tables.run.warnings[0]
    (tmp_path / "other").mkdir()
    together = Job(spark, tmp_path / "other")
    together.raw = job.raw
    together.run()
    assert job.everything() == together.everything()


def test_the_same_files_again_write_nothing(job: Job) -> None:
    job.write("a.csv", FIRST)
    job.run()
    before = job.everything()
    job.write("copy.csv", FIRST)
    assert job.run().run.outputs == []
    assert job.everything() == before


def test_after_a_kill_before_the_ledger_a_run_makes_it_whole(job: Job) -> None:
    job.write("a.csv", FIRST)
    job.write("b.csv", SECOND)
    job.run()
    clean = job.everything()
    for lost in (["ops.loads"], ["ops.loads", "silver.events"], NAMES[1:]):
        for name in lost:
            job.delete(name)
        job.run()
        assert job.everything() == clean


def test_an_empty_folder_makes_empty_tables(job: Job) -> None:
    job.run()
    assert job.everything() == {name: [] for name in NAMES}
    job.write("header.csv", HEADER)
    job.write("nothing.csv", "")
    job.run()
    assert job.counts() == {"header.csv": (0, 0, 0, 0)}


def test_sources_are_loaded_apart(job: Job) -> None:
    job.write("a.csv", FIRST)
    job.run()
    job.run(name="other")
    assert len(job.rows("silver.events")) == 2
    assert len(job.rows("ops.loads")) == 2


def _truncate_header(job: Job) -> None:
    job.write("b.csv", "id,user,item,time\n")


def _as_utf16(job: Job) -> None:
    (job.raw / "b.csv").write_bytes(FIRST.encode("utf-16"))


@pytest.mark.parametrize("spoil", [_truncate_header, _as_utf16])
def test_where_one_file_breaks_the_contract_nothing_is_written(
    job: Job, spoil: Callable[[Job], None]
) -> None:
    job.write("a.csv", FIRST)
    spoil(job)
    with pytest.raises(ContractError, match=r"b\.csv"):
        job.run()
    assert not job.root.exists()


def test_csv_json_and_parquet_of_one_source_are_loaded_together(
    job: Job, spark: SparkSession
) -> None:
    job.write("a.csv", HEADER + "1,u1,i1,2026-03-01 10:00:00,view\n")
    event = {"action": "view", "id": 2, "item": 7, "user": 17850.0}
    job.write("b.jsonl", json.dumps(event | {"time": "2026-03-01T10:00:00+01:00"}))
    row = spark.sql("SELECT 3 AS id, 5 AS user, 7 AS item, now() AS time, 'view' AS action")
    row.write.parquet(str(job.raw / "c.parquet"))
    job.run()
    users = [json.loads(row)["user_id"] for row in job.rows("silver.events")]
    assert sorted(users) == ["17850.0", "5", "u1"]
