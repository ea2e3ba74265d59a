"""Two writers at the same time: the frame of one waits until the other has committed."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ConflictError
from cxspark.contracts.preferences import USER_INDEX
from cxspark.contracts.table import Table
from cxspark.runtime.care import optimize, set_retention
from cxspark.runtime.conflicts import is_conflict
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables

MIB = 1024 * 1024


def tables_at(spark: SparkSession, folder: Path, job: str) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(job, "r1"))


def index(spark: SparkSession, *rows: tuple[str, int]) -> DataFrame:
    return spark.createDataFrame(rows, USER_INDEX.schema).coalesce(1)


def waiting(frame: DataFrame, folder: Path) -> DataFrame:
    """The frame's rows, which tell that they are asked for, and come when ``go`` is there."""
    asked, go = str(folder / "asked"), str(folder / "go")

    def wait(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        Path(asked).touch()
        while not Path(go).exists():
            time.sleep(0.02)
        yield from batches

    return frame.mapInPandas(wait, frame.schema)


def while_writing(write: Callable[[], object], between: Callable[[], object], folder: Path) -> None:
    """Do something after a write has begun and before it commits."""
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not (folder / "asked").exists():
            if writing.done():
                writing.result()
            time.sleep(0.02)
        try:
            between()
        finally:
            (folder / "go").touch()
        writing.result()


@pytest.fixture
def writer(spark: SparkSession, tmp_path: Path) -> Tables:
    """A job's tables, with four files of a row each."""
    tables = tables_at(spark, tmp_path, "a_job")
    tables.create(USER_INDEX)
    for name in ("a", "b", "c", "d"):
        spark.sql(f"INSERT INTO {tables.location.address(USER_INDEX)} VALUES ('{name}', 0)")
    return tables


def content(tables: Tables) -> list[tuple[str, int]]:
    return sorted((row.user_id, row.user_index) for row in tables.read(USER_INDEX).collect())


def care(spark: SparkSession, folder: Path) -> None:
    tables = tables_at(spark, folder, "care_tables")
    set_retention(tables, USER_INDEX, hours=200, log_days=40)
    optimize(tables, USER_INDEX, small_bytes=MIB, target_bytes=MIB)


def test_a_write_is_made_again_where_only_table_care_came_first(
    spark: SparkSession, tmp_path: Path, writer: Tables
) -> None:
    frame = waiting(index(spark, ("b", 7)), tmp_path)
    while_writing(
        lambda: writer.overwrite(USER_INDEX, frame, where="user_id = 'b'"),
        lambda: care(spark, tmp_path),
        tmp_path,
    )
    assert content(writer) == [("a", 0), ("b", 7), ("c", 0), ("d", 0)]
    assert [commit.operation for commit in writer.history(USER_INDEX, limit=3)] == [
        "WRITE",
        "OPTIMIZE",
        "SET TBLPROPERTIES",
    ]


def test_a_merge_looks_at_the_table_only_when_its_rows_are_there(
    spark: SparkSession, tmp_path: Path, writer: Tables
) -> None:
    def merge() -> None:
        writer.merge(USER_INDEX, waiting(index(spark, ("b", 7), ("e", 1)), tmp_path))

    while_writing(merge, lambda: care(spark, tmp_path), tmp_path)
    assert content(writer) == [("a", 0), ("b", 7), ("c", 0), ("d", 0), ("e", 1)]


def test_rows_that_another_run_wrote_meanwhile_are_not_overwritten(
    spark: SparkSession, tmp_path: Path, writer: Tables
) -> None:
    def others() -> None:
        care(spark, tmp_path)
        tables_at(spark, tmp_path, "other").overwrite(
            USER_INDEX, index(spark, ("b", 9)), where="user_id = 'b'"
        )

    frame = waiting(index(spark, ("b", 7)), tmp_path)
    with pytest.raises(Exception, match="DELTA_") as refused:
        while_writing(
            lambda: writer.overwrite(USER_INDEX, frame, where="user_id = 'b'"), others, tmp_path
        )
    assert is_conflict(refused.value)
    assert ("b", 9) in content(writer)


class Overtaken(Tables):
    """A run's tables; between its last look at a table and its write something else is done."""

    def __init__(self, spark: SparkSession, folder: Path, between: Callable[[], object]) -> None:
        super().__init__(spark, Location(root=str(folder)), Run("a_job", "r1"))
        self._between = between

    def _commit(self, table: Table, write: Callable[[], None]) -> None:
        self._between()
        super()._commit(table, write)


Write = Callable[[Tables, DataFrame], None]
WRITES: list[Write] = [
    lambda tables, frame: tables.merge(USER_INDEX, frame),
    lambda tables, frame: tables.overwrite(USER_INDEX, frame),
    lambda tables, frame: tables.overwrite(USER_INDEX, frame, where="user_id = 'b'"),
]


@pytest.mark.parametrize("write", WRITES, ids=["merge", "overwrite", "where"])
def test_what_another_run_has_changed_since_it_was_read_is_not_written(
    spark: SparkSession, tmp_path: Path, writer: Tables, write: Write
) -> None:
    writer.read(USER_INDEX)
    again = tables_at(spark, tmp_path, "a_job")  # which has the same run id
    again.overwrite(USER_INDEX, index(spark, ("c", 9)), where="user_id = 'c'")
    with pytest.raises(ConflictError, match="version 5 by a_job run r1, after version 4 was read"):
        write(writer, index(spark, ("b", 7)))
    assert content(again) == [("a", 0), ("b", 0), ("c", 9), ("d", 0)]


def test_a_table_made_since_it_was_missed_is_not_written(
    spark: SparkSession, tmp_path: Path
) -> None:
    late, other = (tables_at(spark, tmp_path, job) for job in ("late", "other"))
    late.read_or_empty(USER_INDEX)
    other.merge(USER_INDEX, index(spark, ("a", 0)))
    with pytest.raises(ConflictError, match="by other"):
        late.merge(USER_INDEX, index(spark, ("b", 0)))
    assert content(other) == [("a", 0)]


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize("write", WRITES[:2], ids=["merge", "overwrite"])
def test_of_runs_that_saw_the_same_rows_delta_lets_one_commit(
    spark: SparkSession, tmp_path: Path, write: Write
) -> None:
    def others() -> None:
        care(spark, tmp_path)
        write(other, index(spark, ("b", 9)))

    late, other = Overtaken(spark, tmp_path, others), tables_at(spark, tmp_path, "other")
    for tables in (late, other):
        tables.read(USER_INDEX)
    with pytest.raises(ConflictError):
        write(late, index(spark, ("b", 7)))
    assert ("b", 9) in content(tables_at(spark, tmp_path, "reader"))
    assert late.run.outputs == []


def test_a_run_goes_on_from_its_own_writes_and_table_cares(
    spark: SparkSession, tmp_path: Path, writer: Tables
) -> None:
    writer.read(USER_INDEX)
    for number in (7, 8):
        care(spark, tmp_path)
        writer.merge(USER_INDEX, index(spark, ("b", number)))
        writer.overwrite(USER_INDEX, index(spark, ("c", number)), where="user_id = 'c'")
    found = content(tables_at(spark, tmp_path, "reader"))
    assert found == [("a", 0), ("b", 8), ("c", 8), ("d", 0)]
    assert len(writer.run.outputs) == 4


@pytest.mark.usefixtures("writer")
def test_runs_of_different_parts_dont_stand_in_each_others_way(
    spark: SparkSession, tmp_path: Path
) -> None:
    runs = {part: tables_at(spark, tmp_path, part) for part in ("b", "c")}
    for tables in runs.values():
        tables.read(USER_INDEX)
    for part, tables in runs.items():
        rows = index(spark, (part, 7))
        tables.overwrite(USER_INDEX, rows, where=f"user_id = '{part}'", part=part)
    found = content(tables_at(spark, tmp_path, "reader"))
    assert found == [("a", 0), ("b", 7), ("c", 7), ("d", 0)]


def test_another_error_is_no_conflict() -> None:
    assert not is_conflict(RuntimeError("disk full"))
