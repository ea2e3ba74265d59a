"""The matrix job on small Delta tables: built, merged, rebuilt."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aging import age
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ConflictError, ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX, USER_ITEM
from cxspark.contracts.table import Table
from cxspark.matrix.settings import BuildUserItemSettings
from cxspark.runtime.care import optimize
from cxspark.runtime.config import config_hash
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.build_user_item import STEP

START = datetime(2026, 3, 1, tzinfo=UTC)
Event = tuple[str, str, str, int]  # user, item, type, day

FIRST: list[Event] = [
    ("u1", "a", "view", 0),
    ("u1", "a", "purchase", 1),
    ("u2", "a", "view", 1),
    ("u2", "b", "cart", 2),
]
SECOND: list[Event] = [
    ("u1", "a", "view", 3),
    ("u3", "c", "purchase", 3),
    ("u2", "b", "return", 4),
]


def open_tables(
    spark: SparkSession, folder: Path, run_id: str, settings: BuildUserItemSettings
) -> Tables:
    run = Run(STEP.name, run_id, config_hash(settings))
    return Tables(spark, Location(root=str(folder)), run)


def load(spark: SparkSession, folder: Path, load_id: str, events: list[Event]) -> None:
    nothing = (None,) * 7  # from channel to duration_seconds
    rows = [
        ("shop", f"{load_id}-{n}", user, item, kind, START + timedelta(day), *nothing, load_id, n)
        for n, (user, item, kind, day) in enumerate(events, 1)
    ]
    tables = Tables(spark, Location(root=str(folder)), Run("ingest_events", load_id))
    frame = spark.createDataFrame(rows, SILVER_EVENTS.schema)
    tables.overwrite(SILVER_EVENTS, frame, where=f"load_id = '{load_id}'")


def build(spark: SparkSession, folder: Path, run_id: str, **settings: Any) -> Tables:
    model = BuildUserItemSettings(**settings)
    tables = open_tables(spark, folder, run_id, model)
    STEP.run(spark, model, tables)
    return tables


def rows(spark: SparkSession, folder: Path, table: Table) -> list[tuple[Any, ...]]:
    reader = Tables(spark, Location(root=str(folder)), Run("reader", "reader"))
    return sorted(tuple(row) for row in reader.read(table).collect())


@pytest.fixture(scope="module")
def first_built(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    load(spark, folder, "one", FIRST)
    build(spark, folder, "r1")
    return folder


@pytest.fixture
def built(first_built: Path, tmp_path: Path) -> Path:
    """The first events have been loaded, and the matrix built of them."""
    return shutil.copytree(first_built, tmp_path / "built")


@pytest.mark.integration
@pytest.mark.parametrize(
    "half_life_days",
    [pytest.param(None, marks=pytest.mark.thorough, id="no decay"), pytest.param(2.0, id="decay")],
)
def test_an_increment_equals_a_full_build_to_the_row(
    spark: SparkSession, tmp_path: Path, half_life_days: float | None
) -> None:
    merged, whole = tmp_path / "merged", tmp_path / "whole"
    load(spark, merged, "one", FIRST)
    build(spark, merged, "r1", half_life_days=half_life_days)
    load(spark, merged, "two", SECOND)
    tables = build(spark, merged, "r2", half_life_days=half_life_days)
    assert 0 < tables.run.outputs[-1].n_rows < len(rows(spark, merged, USER_ITEM))

    load(spark, whole, "one", FIRST)
    load(spark, whole, "two", SECOND)
    build(spark, whole, "r1", half_life_days=half_life_days)
    assert rows(spark, merged, USER_ITEM) == rows(spark, whole, USER_ITEM)
    assert len(rows(spark, whole, USER_ITEM)) == 4


def test_ids_keep_their_integers_and_new_ones_follow_on(spark: SparkSession, built: Path) -> None:
    before = dict(rows(spark, built, USER_INDEX))
    load(spark, built, "two", SECOND)
    build(spark, built, "r2")
    after = dict(rows(spark, built, USER_INDEX))
    assert {user: after[user] for user in before} == before
    assert after["u3"] == 2
    assert sorted(dict(rows(spark, built, ITEM_INDEX)).values()) == [0, 1, 2]


def test_a_second_run_without_new_events_writes_nothing(spark: SparkSession, built: Path) -> None:
    assert build(spark, built, "r2").run.outputs == []


def test_a_rebuild_gives_the_same_rows(spark: SparkSession, built: Path) -> None:
    before = rows(spark, built, USER_ITEM)
    assert build(spark, built, "r2", rebuild=True).run.outputs[-1].n_rows == len(before)
    assert rows(spark, built, USER_ITEM) == before


def test_changed_weights_rebuild_the_matrix(spark: SparkSession, built: Path) -> None:
    build(spark, built, "r2", weights={"view": 10.0}, other_weight=0.0)
    assert {row[:3] for row in rows(spark, built, USER_ITEM)} == {
        ("u1", "a", 10.0),
        ("u2", "a", 10.0),
        ("u2", "b", 0.0),
    }


def test_events_taken_out_of_silver_leave_the_matrix_too(
    spark: SparkSession, tmp_path: Path
) -> None:
    load(spark, tmp_path, "one", FIRST)
    load(spark, tmp_path, "two", SECOND)
    build(spark, tmp_path, "r1")
    load(spark, tmp_path, "two", SECOND[:1])
    tables = build(spark, tmp_path, "r2")
    assert {row[:2] for row in rows(spark, tmp_path, USER_ITEM)} == {
        ("u1", "a"),
        ("u2", "a"),
        ("u2", "b"),
    }
    assert "built anew" in tables.run.warnings[0]


def test_a_matrix_that_others_changed_is_built_anew(spark: SparkSession, built: Path) -> None:
    before = rows(spark, built, USER_ITEM)
    spark.sql(f"DELETE FROM delta.`{built}/gold/user_item` WHERE user_id = 'u1'")
    tables = build(spark, built, "r2")
    assert tables.run.warnings == ["gold.user_item was changed by others (DELETE): built anew"]
    assert rows(spark, built, USER_ITEM) == before


def test_events_in_a_table_made_anew_are_all_taken_in(spark: SparkSession, built: Path) -> None:
    shutil.rmtree(built / "silver" / "events")
    load(spark, built, "one", SECOND)
    tables = build(spark, built, "r2")
    assert "silver.events is another table" in tables.run.warnings[0]
    assert {row[:2] for row in rows(spark, built, USER_ITEM)} == {
        (user, item) for user, item, _, _ in SECOND
    }


def test_events_that_are_gone_are_missed_by_name(spark: SparkSession, built: Path) -> None:
    shutil.rmtree(built / "silver" / "events")
    with pytest.raises(ContractError, match=r"silver.events: expected a Delta table"):
        build(spark, built, "r2")


def test_files_merged_in_between_are_no_events(spark: SparkSession, tmp_path: Path) -> None:
    for load_id, events in (("one", FIRST[:2]), ("two", FIRST[2:])):
        load(spark, tmp_path, load_id, events)
    build(spark, tmp_path, "r1")
    care = Tables(spark, Location(root=str(tmp_path)), Run("care_tables", "c1"))
    sizes = {"small_bytes": 1 << 20, "target_bytes": 1 << 20}
    assert optimize(care, SILVER_EVENTS, **sizes).n_added == 1
    assert build(spark, tmp_path, "r2").run.outputs == []


def test_changes_of_too_long_ago_rebuild_the_matrix(spark: SparkSession, tmp_path: Path) -> None:
    load(spark, tmp_path, "one", FIRST[:2])
    build(spark, tmp_path, "r1")
    load(spark, tmp_path, "two", FIRST[2:])
    age(spark, tmp_path / "silver" / "events", hours=169)
    load(spark, tmp_path, "three", SECOND)
    tables = build(spark, tmp_path, "r2")
    assert "no longer: built anew" in tables.run.warnings[0]
    assert {row[:2] for row in rows(spark, tmp_path, USER_ITEM)} == {
        (user, item) for user, item, _, _ in FIRST + SECOND
    }


def test_table_care_of_long_ago_is_no_change_that_is_missed(
    spark: SparkSession, built: Path
) -> None:
    spark.sql(f"OPTIMIZE delta.`{built}/silver/events` ZORDER BY (item_id)")
    age(spark, built / "silver" / "events", hours=169)
    spark.sql(f"VACUUM delta.`{built}/silver/events`")
    assert build(spark, built, "r2").run.outputs == []
    load(spark, built, "two", SECOND)
    assert build(spark, built, "r3").run.warnings == []
    assert {row[:2] for row in rows(spark, built, USER_ITEM)} == {
        (user, item) for user, item, _, _ in FIRST + SECOND
    }


@pytest.mark.integration
def test_a_new_epoch_of_decay_rebuilds_and_equals_a_full_build(
    spark: SparkSession, tmp_path: Path
) -> None:
    later: list[Event] = [("u1", "b", "view", 60)]
    merged, whole = tmp_path / "merged", tmp_path / "whole"
    load(spark, merged, "one", FIRST)
    build(spark, merged, "r1", half_life_days=2.0)
    load(spark, merged, "two", later)
    build(spark, merged, "r2", half_life_days=2.0)
    load(spark, whole, "one", FIRST + later)
    build(spark, whole, "r1", half_life_days=2.0)
    assert rows(spark, merged, USER_ITEM) == rows(spark, whole, USER_ITEM)


def test_no_events_give_empty_tables(spark: SparkSession, tmp_path: Path) -> None:
    load(spark, tmp_path, "one", [])
    build(spark, tmp_path, "r1", half_life_days=2.0)
    assert rows(spark, tmp_path, USER_ITEM) == []
    assert rows(spark, tmp_path, USER_INDEX) == []


class Overtaken(Tables):
    """A run's tables; something else is done before it merges into one of them."""

    def __init__(self, tables: Tables, table: Table, first: Callable[[], object]) -> None:
        super().__init__(tables.spark, tables.location, tables.run)
        self._which, self._first = table, first

    def merge(self, table: Table, frame: DataFrame, **options: Any) -> None:
        if table is self._which:
            self._first()
        super().merge(table, frame, **options)


@pytest.mark.parametrize(
    ("table", "known"),
    [(USER_INDEX, []), (USER_INDEX, FIRST), (USER_ITEM, FIRST)],
    ids=["first build", "increment", "increment at last"],
)
def test_a_run_that_another_overtakes_counts_nothing_twice(
    spark: SparkSession, built: Path, tmp_path: Path, table: Table, known: list[Event]
) -> None:
    folder = built if known else tmp_path / "nothing"
    load(spark, folder, "two", SECOND)
    newest: list[Event] = [(f"n{number}", "a", "view", 5) for number in range(6)]

    def others() -> None:
        load(spark, folder, "three", newest)
        build(spark, folder, "other")

    model = BuildUserItemSettings()
    late = Overtaken(open_tables(spark, folder, "late", model), table, others)
    with pytest.raises(ConflictError, match="build_user_item run other"):
        STEP.run(spark, model, late)
    cells, users = (rows(spark, folder, one) for one in (USER_ITEM, USER_INDEX))
    assert sum(cell[3] for cell in cells) == len([*known, *SECOND, *newest])
    assert {user for user, _ in users} == {cell[0] for cell in cells}
    assert sorted(number for _, number in users) == list(range(len(users)))
