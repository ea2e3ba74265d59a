"""The step on real files and Delta tables; the corpus of bad files has the odd ones."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.errors import ConflictError, ContractError
from cxspark.contracts.events import QUARANTINE, SILVER_EVENTS
from cxspark.contracts.table import Table
from cxspark.ingest.settings import IngestEventsSettings
from cxspark.runtime import raw_files
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
COLUMNS = {
    "event_id": "id",
    "user_id": "user",
    "item_id": "item",
    "event_at": "time",
    "event_type": "action",
}


class Job:
    """The step with its raw folder and its tables."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.raw, self.root = spark, folder / "raw", folder / "tables"
        self.raw.mkdir()
        (self.raw / "a.csv").write_text(FIRST, encoding="utf-8")
        (self.raw / "b.csv").write_text(SECOND, encoding="utf-8")

    def run(
        self,
        file: str = "",
        seen: Callable[[Tables], Tables] = lambda one: one,
        columns: dict[str, str] = COLUMNS,
        **other: object,
    ) -> Run:
        tables = seen(Tables(self.spark, Location(root=str(self.root)), Run(STEP.name, "r")))
        source = {"name": "shop", "columns": columns}
        settings = {"source": source, "input": [str(self.raw / file)]} | other
        STEP.run(self.spark, IngestEventsSettings.model_validate(settings), tables)
        return tables.run

    def rows(self, name: str) -> list[str]:
        """A table's rows as text, without what differs from run to run."""
        tables = Tables(self.spark, Location(root=str(self.root)), Run("test", "t"))
        frame = tables.read(TABLES[name]).drop("loaded_at", "position")
        return sorted(row[0] for row in frame.select(F.to_json(F.struct("*"))).collect())

    def everything(self) -> dict[str, list[str]]:
        return {name: self.rows(name) for name in NAMES}


@pytest.fixture(scope="module")
def job(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Both files loaded together; a test that loses something has it made whole again."""
    job = Job(spark, tmp_path_factory.mktemp("together"))
    job.run()
    return job


def test_every_record_has_its_place(job: Job) -> None:
    kinds = ("n_records", "n_accepted", "n_duplicates", "n_quarantined")
    loads = [json.loads(row) for row in job.rows("ops.loads")]
    assert {Path(load["file"]).name: [load[kind] for kind in kinds] for load in loads} == {
        "a.csv": [2, 1, 0, 1],
        "b.csv": [3, 1, 1, 1],
    }
    rejected = [json.loads(row) for row in job.rows("silver.quarantine")]
    assert sorted((row["reasons"], row["record_number"]) for row in rejected) == [
        (["conflicting_event_id"], 2),
        (["missing_user_id"], 2),
    ]
    assert [len(job.rows(name)) for name in ("bronze.events", "silver.events")] == [5, 2]


@pytest.mark.integration
def test_files_one_by_one_leave_what_they_leave_together(
    job: Job, spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    apart = Job(spark, tmp_path)
    apart.raw = job.raw
    apart.run("a.csv")
    with caplog.at_level(logging.INFO, "cxspark"):
        run = apart.run()
    told, rejected = run.warnings
    assert told.startswith(f"file:{job.raw}/a.csv: loaded before, left out")
    assert "1 records are in silver.quarantine, above all for conflicting_event_id 1" in rejected
    assert "shop: 3 records = 1 accepted + 1 duplicates + 1 quarantined" in caplog.text
    assert apart.everything() == job.everything()


def test_the_same_content_again_writes_nothing(job: Job) -> None:
    before = job.everything()
    (job.raw / "copy.csv").write_text(FIRST, encoding="utf-8")
    assert job.run().outputs == []
    assert job.everything() == before


@pytest.mark.integration
@pytest.mark.thorough
def test_a_corrected_mapping_reaches_what_was_loaded_before(
    job: Job, spark: SparkSession, tmp_path: Path
) -> None:
    apart = Job(spark, tmp_path)
    apart.raw = job.raw
    told = apart.run(columns=COLUMNS | {"event_at": "action"}).warnings[-1]
    assert "unparsable_event_at 5" in told
    assert apart.rows("silver.events") == []
    apart.run(reload=True)
    assert apart.everything() == job.everything()


@pytest.mark.integration
def test_a_file_known_as_it_is_isnt_read_again(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, read = Job(spark, tmp_path), []
    job.run("a.csv")
    lines = raw_files.read_lines
    monkeypatch.setattr(
        raw_files, "read_lines", lambda spark, files: read.extend(files) or lines(spark, files)
    )
    job.run()
    assert {Path(file).name for file in read} == {"b.csv"}
    (job.raw / "a.csv").write_text(FIRST + "9,u9,i9,2026-03-01 13:00:00,view\n", encoding="utf-8")
    job.run()
    assert "a.csv" in {Path(file).name for file in read}


def test_a_run_makes_whole_what_a_killed_one_left_in_part(job: Job, spark: SparkSession) -> None:
    clean = job.everything()
    for name in NAMES[2:]:
        spark.sql(f"DELETE FROM {Location(root=str(job.root)).address(TABLES[name])}")
    job.run()
    assert job.everything() == clean


class Killed(Tables):
    """A run's tables, which end when rejected records are to be written."""

    def overwrite(self, table: Table, frame: DataFrame, **options: Any) -> None:
        if table is QUARANTINE:
            raise KeyboardInterrupt
        super().overwrite(table, frame, **options)


@pytest.mark.integration
@pytest.mark.thorough
def test_files_that_a_killed_run_left_in_part_are_told_of_until_they_are_taken_in(
    spark: SparkSession, tmp_path: Path
) -> None:
    job = Job(spark, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        job.run("a.csv", lambda one: Killed(one.spark, one.location, one.run))
    for _ in range(2):
        (told,) = [one for one in job.run("b.csv").warnings if "hasn't ended" in one]
        assert "/a.csv: if it was killed, run ingest_events again" in told
    job.run("a.csv")
    assert not [one for one in job.run("b.csv").warnings if "hasn't ended" in one]
    with pytest.raises(KeyboardInterrupt):
        job.run("a.csv", lambda one: Killed(one.spark, one.location, one.run), reload=True)
    assert [one for one in job.run("a.csv").warnings if "and reload, if it had that" in one]


def _lose_a_column(file: Path) -> None:
    file.write_text("id,user,item,time\n", encoding="utf-8")


def _write_utf16(file: Path) -> None:
    file.write_text(SECOND, encoding="utf-16")


@pytest.mark.parametrize("spoil", [_lose_a_column, _write_utf16])
def test_where_one_file_breaks_the_contract_nothing_is_written(
    spark: SparkSession, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    job = Job(spark, tmp_path)
    spoil(job.raw / "b.csv")
    with pytest.raises(ContractError, match=r"b\.csv"):
        job.run()
    assert not job.root.exists()


class Overtaken(Tables):
    """A run's tables; before it writes silver, another run loads the whole folder."""

    def __init__(self, tables: Tables, other: Job) -> None:
        super().__init__(tables.spark, tables.location, tables.run)
        self._other = other

    def overwrite(self, table: Table, frame: DataFrame, **options: Any) -> None:
        if table is SILVER_EVENTS:
            self._other.run()
        super().overwrite(table, frame, **options)


def test_a_run_that_another_overtakes_leaves_no_event_twice(
    job: Job, spark: SparkSession, tmp_path: Path
) -> None:
    shop = Job(spark, tmp_path)
    shop.raw = job.raw
    with pytest.raises(ConflictError, match=r"silver\.events"):
        shop.run("b.csv", lambda tables: Overtaken(tables, shop))
    assert shop.everything() == job.everything()
