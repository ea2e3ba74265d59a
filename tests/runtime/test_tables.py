import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import sleep

import pyarrow as pa
import pytest
from plans import physical_plan
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConflictError, ContractError
from cxspark.contracts.preferences import USER_INDEX, USER_ITEM, USER_NEIGHBORS
from cxspark.contracts.table import Table
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables


def tables_at(spark: SparkSession, folder: Path, run_id: str = "r1") -> Tables:
    return Tables(spark, Location(root=str(folder)), Run("a_job", run_id))


def index(spark: SparkSession, *rows: tuple[str | None, int]) -> DataFrame:
    return spark.createDataFrame(rows, "user_id string, user_index int")


def content(tables: Tables, table: Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in tables.read(table).collect())


def test_a_written_table_is_read_back(spark: SparkSession, tmp_path: Path) -> None:
    tables = tables_at(spark, tmp_path)
    tables.overwrite(USER_INDEX, index(spark, ("a", 0), ("b", 1)))
    assert content(tables, USER_INDEX) == [("a", 0), ("b", 1)]


def test_the_run_remembers_what_it_read_and_wrote(spark: SparkSession, tmp_path: Path) -> None:
    tables_at(spark, tmp_path, "first").overwrite(USER_INDEX, index(spark, ("a", 0)))
    tables = tables_at(spark, tmp_path, "second")
    tables.read(USER_INDEX)
    tables.overwrite(USER_INDEX, index(spark, ("a", 0), ("b", 1)))
    assert tables.run.inputs == {"gold.user_index": 1}
    assert [(o.table, o.version, o.n_rows) for o in tables.run.outputs] == [
        ("gold.user_index", 2, 2)
    ]
    newest = tables.history(USER_INDEX, limit=1)[0]
    assert (newest.job, newest.run_id, newest.inputs) == ("a_job", "second", {"gold.user_index": 1})


def test_a_table_stays_at_one_version_while_others_write(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables_at(spark, tmp_path).overwrite(USER_INDEX, index(spark, ("a", 0)))
    reader = tables_at(spark, tmp_path, "reader")
    reader.version(USER_INDEX)
    tables_at(spark, tmp_path, "writer").overwrite(USER_INDEX, index(spark, ("b", 1)))
    assert content(reader, USER_INDEX) == [("a", 0)]


def test_a_missing_table_is_an_error_that_says_which(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"gold\.user_index: expected a Delta table"):
        tables_at(spark, tmp_path).read(USER_INDEX)


def test_a_folder_without_a_delta_log_is_no_table(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "gold" / "user_index").mkdir(parents=True)
    assert not tables_at(spark, tmp_path).exists(USER_INDEX)


def test_a_table_not_made_yet_can_be_read_as_empty(spark: SparkSession, tmp_path: Path) -> None:
    frame = tables_at(spark, tmp_path).read_or_empty(USER_INDEX)
    assert (frame.columns, frame.count()) == (USER_INDEX.columns, 0)


def test_a_join_with_a_table_not_made_yet_is_planned_away(
    spark: SparkSession, tmp_path: Path
) -> None:
    nothing = tables_at(spark, tmp_path).read_or_empty(USER_INDEX)
    users = spark.range(3).select(F.col("id").cast("string").alias("user_id"))
    joined = users.join(nothing.groupBy("user_id").count(), "user_id", "left")
    assert "Join" not in physical_plan(joined)
    assert "Join" in physical_plan(users.join(index(spark, ("a", 0)), "user_id", "left"))


def test_overwrite_where_leaves_the_other_rows(spark: SparkSession, tmp_path: Path) -> None:
    tables = tables_at(spark, tmp_path)
    tables.overwrite(USER_INDEX, index(spark, ("a", 0), ("b", 1)))
    tables.overwrite(USER_INDEX, index(spark, ("b", 7)), where="user_id = 'b'")
    assert content(tables, USER_INDEX) == [("a", 0), ("b", 7)]


def test_runs_that_began_on_an_empty_table_keep_each_others_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    schema = USER_NEIGHBORS.schema
    for run_id in ("one", "other"):
        tables_at(spark, tmp_path, run_id).create(USER_NEIGHBORS)
    for run_id in ("one", "other"):
        rows = [(run_id, "u", 1, "v", 0.5, "cosine")]
        tables_at(spark, tmp_path, run_id).overwrite(
            USER_NEIGHBORS, spark.createDataFrame(rows, schema), where=f"algorithm = '{run_id}'"
        )
    algorithms = [row[0] for row in content(tables_at(spark, tmp_path), USER_NEIGHBORS)]
    assert algorithms == ["one", "other"]


def test_runs_that_make_a_table_at_once_all_find_it_made(
    spark: SparkSession, tmp_path: Path
) -> None:
    runs = [tables_at(spark, tmp_path, run_id) for run_id in ("one", "other", "third")]
    with ThreadPoolExecutor(len(runs)) as pool:
        for made in [pool.submit(run.create, USER_INDEX) for run in runs]:
            made.result()
    assert [content(run, USER_INDEX) for run in runs] == [[], [], []]


def test_of_two_runs_at_once_one_wins_and_the_other_is_told_so(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables_at(spark, tmp_path, "earlier").overwrite(USER_INDEX, index(spark, ("a", 0)))
    started, go_on = tmp_path / "started", tmp_path / "go on"

    def wait(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        started.touch()
        while not go_on.exists():
            sleep(0.01)
        yield from batches

    slow = index(spark, ("slow", 1)).coalesce(1).mapInArrow(wait, USER_INDEX.schema)
    with ThreadPoolExecutor(1) as other:
        ended = other.submit(tables_at(spark, tmp_path, "slow").overwrite, USER_INDEX, slow)
        while not started.exists():
            sleep(0.01)
        tables_at(spark, tmp_path, "quick").overwrite(USER_INDEX, index(spark, ("quick", 2)))
        go_on.touch()
    with pytest.raises(ConflictError, match=r"gold.user_index: .* run the job again"):
        ended.result()
    assert content(tables_at(spark, tmp_path), USER_INDEX) == [("quick", 2)]


def test_merge_adds_new_keys_and_replaces_the_others(spark: SparkSession, tmp_path: Path) -> None:
    tables = tables_at(spark, tmp_path)
    tables.overwrite(USER_INDEX, index(spark, ("a", 0), ("b", 1)))
    tables.merge(USER_INDEX, index(spark, ("b", 5), ("c", 2)))
    assert content(tables, USER_INDEX) == [("a", 0), ("b", 5), ("c", 2)]
    assert [output.n_rows for output in tables.run.outputs] == [2, 2]


def test_merging_no_rows_commits_nothing(spark: SparkSession, tmp_path: Path) -> None:
    tables = tables_at(spark, tmp_path)
    tables.merge(USER_INDEX, index(spark, ("a", 0)))
    tables.merge(USER_INDEX, index(spark))
    assert [output.version for output in tables.run.outputs] == [1]


@pytest.mark.parametrize("change_feed", [False, True])
def test_a_versions_rows_are_counted_whatever_commit_made_it(
    spark: SparkSession, tmp_path: Path, *, change_feed: bool
) -> None:
    table = replace(USER_INDEX, change_feed=change_feed)
    both, one = index(spark, ("a", 0), ("b", 1)), index(spark, ("b", 7))
    counts = []
    for write in (
        lambda tables: tables.overwrite(table, both),
        lambda tables: tables.overwrite(table, one, where="user_id = 'b'"),
        lambda tables: tables.merge(table, index(spark, ("b", 2), ("c", 3), ("d", 4))),
        lambda tables: tables.overwrite(table, both),
        lambda tables: tables.append(table, index(spark, ("e", 5))),
        lambda tables: tables.overwrite(table, index(spark)),
    ):
        write(tables_at(spark, tmp_path, "writer"))
        reader = tables_at(spark, tmp_path, "reader")
        assert reader.n_rows(table) == reader.read(table).count()
        counts.append(reader.counted_inputs()[0].n_rows)
    assert counts == [2, 2, 4, 2, 3, 0]


def test_files_of_a_partitioned_table_have_bounds_of_its_key_alone(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables = tables_at(spark, tmp_path)
    rows = spark.createDataFrame([("knn", "u", 1, "v", 0.5, "cosine")], USER_NEIGHBORS.schema)
    tables.overwrite(USER_NEIGHBORS, rows)
    log = tmp_path / "gold/user_neighbors/_delta_log/00000000000000000001.json"
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    (stats,) = [json.loads(entry["add"]["stats"]) for entry in entries if "add" in entry]
    assert stats["numRecords"] == 1
    assert stats["minValues"] == {"user_id": "u", "rank": 1}


def test_changes_since_a_version_are_those_rows_alone(spark: SparkSession, tmp_path: Path) -> None:
    feed = Table("gold.feed", "a row", USER_INDEX.schema, ("user_id",), change_feed=True)
    tables = tables_at(spark, tmp_path)
    tables.overwrite(feed, index(spark, ("a", 0)))
    since = tables.history(feed, limit=1)[0].version
    tables.overwrite(feed, index(spark, ("b", 1)), where="user_id = 'b'")
    changes = tables.read_changes(feed, since=since).collect()
    assert [tuple(row) for row in changes] == [("b", 1, "insert")]
    assert tables.read_changes(feed, since=tables.version(feed)).count() == 0


@pytest.mark.parametrize("row", [("a", -1), (None, 0)], ids=["check", "not null"])
def test_a_broken_constraint_names_the_table_and_the_rule(
    spark: SparkSession, tmp_path: Path, row: tuple[str | None, int]
) -> None:
    tables = tables_at(spark, tmp_path)
    with pytest.raises(ContractError, match=r"gold\.user_index: expected NOT NULL.*index >= 0"):
        tables.overwrite(USER_INDEX, index(spark, row))


def test_columns_carry_their_comments(spark: SparkSession, tmp_path: Path) -> None:
    tables = tables_at(spark, tmp_path)
    tables.overwrite(USER_ITEM, spark.createDataFrame([], USER_ITEM.schema))
    schema = tables.read(USER_ITEM).schema
    assert schema["weight"].metadata["comment"].startswith("summed event weights")


def test_the_same_tables_live_in_a_catalogue(spark: SparkSession) -> None:
    tables = Tables(spark, Location(database="cx_test"), Run("a_job", "r1"))
    tables.overwrite(USER_INDEX, index(spark, ("a", 0)))
    tables.merge(USER_INDEX, index(spark, ("b", 1)))
    assert content(tables, USER_INDEX) == [("a", 0), ("b", 1)]
    assert spark.catalog.tableExists("cx_test.gold_user_index")
