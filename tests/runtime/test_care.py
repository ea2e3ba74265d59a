from dataclasses import replace
from pathlib import Path

import pytest
from aging import age
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import IntegerType, StringType, StructType

from cxspark.contracts.care import TableState
from cxspark.contracts.preferences import USER_INDEX
from cxspark.contracts.table import Table, column
from cxspark.runtime.care import Rewritten, cluster, measure, optimize, set_retention, vacuum
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables

MIB = 1024 * 1024
# Some tables have a column `file`, which is no data file of Delta's.
PARTS = Table(
    name="gold.parts",
    grain="a row",
    schema=StructType(
        [column("user_id", StringType(), "who"), column("file", IntegerType(), "a number")]
    ),
    key=("user_id",),
    partition_by=("user_id",),
)


@pytest.fixture
def tables(spark: SparkSession, tmp_path: Path) -> Tables:
    return Tables(spark, Location(root=str(tmp_path)), Run("care_tables", "r1"))


def index(spark: SparkSession, *rows: tuple[str, int]) -> DataFrame:
    return spark.createDataFrame(rows, USER_INDEX.schema).coalesce(1)


def append_one_by_one(tables: Tables, table: Table, *names: str) -> None:
    tables.create(table)
    for place, name in enumerate(names):
        address = tables.location.address(table)
        tables.spark.sql(f"INSERT INTO {address} VALUES ('{name}', {place})")


def look(tables: Tables, table: Table, *, small_bytes: int = MIB) -> TableState:
    state = measure(tables, table, small_bytes=small_bytes, min_small_files=2)
    assert state is not None
    return state


def names_at(tables: Tables, table: Table, version: int | None = None) -> list[str]:
    version = tables.history(table, limit=1)[0].version if version is None else version
    return sorted(row.user_id for row in tables.read(table, version=version).collect())


def test_a_table_that_is_not_there_has_no_state(tables: Tables) -> None:
    assert measure(tables, USER_INDEX, small_bytes=MIB, min_small_files=2) is None


def test_twelve_commits_of_a_row_are_twelve_small_files_and_one_when_merged(
    tables: Tables,
) -> None:
    names = [f"u{n:02}" for n in range(12)]
    append_one_by_one(tables, USER_INDEX, *names)
    found = look(tables, USER_INDEX)
    assert (found.n_rows, found.n_files, found.n_small_files) == (12, 12, 12)
    assert found.n_mergeable_files == 12
    assert [change.version for change in found.changes] == list(range(12, -1, -1))
    assert optimize(tables, USER_INDEX, small_bytes=MIB, target_bytes=MIB) == Rewritten(12, 1)
    left = look(tables, USER_INDEX)
    assert (left.n_rows, left.n_files, left.n_small_files, left.n_mergeable_files) == (12, 1, 1, 0)
    assert names_at(tables, USER_INDEX) == names
    newest = tables.history(USER_INDEX, limit=1)[0]
    assert (newest.operation, newest.run_id, newest.changes_rows) == ("OPTIMIZE", "r1", False)


def test_the_session_is_left_as_it_was(tables: Tables) -> None:
    tables.overwrite(USER_INDEX, index(tables.spark, ("a", 0)))
    before = {row.key: row.value for row in tables.spark.sql("SET").collect()}
    optimize(tables, USER_INDEX, small_bytes=MIB, target_bytes=MIB)
    vacuum(tables, USER_INDEX, n_files=1)
    assert {row.key: row.value for row in tables.spark.sql("SET").collect()} == before


def test_files_of_different_partitions_cannot_be_merged(tables: Tables) -> None:
    append_one_by_one(tables, PARTS, "a", "a", "a", "b")
    found = look(tables, PARTS)
    assert (found.n_files, found.n_small_files, found.n_mergeable_files) == (4, 4, 3)
    assert optimize(tables, PARTS, small_bytes=MIB, target_bytes=MIB) == Rewritten(3, 1)


def test_in_a_large_table_the_small_files_are_counted_apart(tables: Tables) -> None:
    many = [(f"user {n * n}", n) for n in range(2000)]
    tables.append(USER_INDEX, index(tables.spark, *many))
    append_one_by_one(tables, USER_INDEX, "a", "b")
    found = look(tables, USER_INDEX, small_bytes=4096)
    assert found.size_bytes > 4096
    assert (found.n_files, found.n_small_files, found.n_mergeable_files) == (3, 2, 2)
    assert optimize(tables, USER_INDEX, small_bytes=4096, target_bytes=MIB) == Rewritten(2, 1)


def test_a_table_keeps_what_it_is_told_to(tables: Tables) -> None:
    append_one_by_one(tables, USER_INDEX, "a")
    found = look(tables, USER_INDEX)
    assert (found.retention_hours, found.log_days) == (168, 30)
    set_retention(tables, USER_INDEX, hours=200, log_days=40)
    told = look(tables, USER_INDEX)
    assert (told.retention_hours, told.log_days) == (200, 40)
    assert not told.newest.changes_rows


def test_vacuum_deletes_what_was_replaced_long_ago_and_no_version_within_the_retention(
    tables: Tables, tmp_path: Path
) -> None:
    folder = tmp_path / "gold" / "user_index"
    append_one_by_one(tables, USER_INDEX, "a", "b")
    tables.overwrite(USER_INDEX, index(tables.spark, ("c", 0)))
    age(tables.spark, folder, hours=169)
    tables.overwrite(USER_INDEX, index(tables.spark, ("d", 0)))
    tables.overwrite(USER_INDEX, index(tables.spark, ("e", 0)))
    assert vacuum(tables, USER_INDEX, n_files=1) == 2
    assert names_at(tables, USER_INDEX) == ["e"]
    assert names_at(tables, USER_INDEX, version=4) == ["d"]
    # The file of c was replaced a moment ago: it is there, with those of d and e.
    assert len(list(folder.glob("*.parquet"))) == 3
    with pytest.raises(AnalysisException, match="BEYOND_DELETED_FILE_RETENTION"):
        names_at(tables, USER_INDEX, version=2)


def test_vacuum_leaves_no_commit(tables: Tables, tmp_path: Path) -> None:
    append_one_by_one(tables, USER_INDEX, "a")
    tables.overwrite(USER_INDEX, index(tables.spark, ("b", 0)))
    age(tables.spark, tmp_path / "gold" / "user_index", hours=169)
    assert vacuum(tables, USER_INDEX, n_files=1) == 1
    assert tables.history(USER_INDEX, limit=1)[0].version == 2


def test_delta_refuses_to_keep_less_than_the_table_is_told_to(tables: Tables) -> None:
    append_one_by_one(tables, USER_INDEX, "a")
    with pytest.raises(Exception, match="DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT"):
        tables.spark.sql(f"VACUUM {tables.location.address(USER_INDEX)} RETAIN 0 HOURS")


def test_a_table_is_clustered_with_the_rows_it_has_and_no_longer_if_by_nothing(
    tables: Tables,
) -> None:
    append_one_by_one(tables, USER_INDEX, "b", "a")
    assert cluster(tables, USER_INDEX, ["user_id"]) == Rewritten(2, 1)
    assert look(tables, USER_INDEX).clustered_by == ("user_id",)
    tables.merge(USER_INDEX, index(tables.spark, ("a", 7), ("c", 8)))
    assert names_at(tables, USER_INDEX) == ["a", "b", "c"]
    assert cluster(tables, USER_INDEX, []) == Rewritten(0, 0)
    assert look(tables, USER_INDEX).clustered_by == ()


def test_soft_deleted_rows_go_when_a_file_is_merged(tables: Tables, tmp_path: Path) -> None:
    folder = tmp_path / "gold" / "user_index"
    tables.overwrite(USER_INDEX, index(tables.spark, ("a", 0), ("b", 1)))
    tables.merge(USER_INDEX, index(tables.spark, ("b", 5)))
    assert list(folder.glob("deletion_vector*"))
    before = set(folder.glob("*.parquet"))
    assert optimize(tables, USER_INDEX, small_bytes=MIB, target_bytes=MIB) == Rewritten(2, 1)
    (merged,) = set(folder.glob("*.parquet")) - before
    assert tables.spark.read.parquet(str(merged)).count() == 2
    assert names_at(tables, USER_INDEX) == ["a", "b"]


def test_tables_in_a_catalogue_are_cared_for_alike(spark: SparkSession) -> None:
    tables = Tables(spark, Location(database="cx_care"), Run("care_tables", "r1"))
    append_one_by_one(tables, USER_INDEX, "a", "b")
    assert look(tables, USER_INDEX).n_mergeable_files == 2
    set_retention(tables, USER_INDEX, hours=None, log_days=31)
    assert optimize(tables, USER_INDEX, small_bytes=MIB, target_bytes=MIB) == Rewritten(2, 1)
    assert vacuum(tables, USER_INDEX, n_files=1) == 0
    assert names_at(tables, USER_INDEX) == ["a", "b"]


def test_what_a_table_that_lives_on_the_change_feed_has_taken_in_is_known(tables: Tables) -> None:
    # A stand-in of the same name and key as the catalogue's own.
    events = replace(USER_INDEX, name="silver.events")
    matrix = replace(USER_INDEX, name="gold.user_item")
    append_one_by_one(tables, events, "a", "b")
    builder = Tables(tables.spark, tables.location, Run("build_user_item", "r1"))
    builder.read(events)
    builder.overwrite(matrix, index(tables.spark, ("a", 0)))
    append_one_by_one(tables, events, "c")
    assert look(tables, events).taken_in == {"gold.user_item": 2}
