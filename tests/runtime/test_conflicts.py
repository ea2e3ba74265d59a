"""Two writers at the same time: the frame of one waits until the other has committed."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.preferences import USER_INDEX
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


def test_another_error_is_no_conflict() -> None:
    assert not is_conflict(RuntimeError("disk full"))
