from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS, SNAPSHOTS, FeatureChoice
from cxspark.contracts.segments import SEGMENT_MOVES, SEGMENT_PROFILES, SEGMENT_RUNS, SEGMENTS
from cxspark.contracts.table import Table
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.segmentation.settings import SegmentCustomersSettings
from cxspark.steps.habits import taken_in_at
from cxspark.steps.segment_customers import STEP

pytestmark = pytest.mark.integration

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
RULES = [
    {"name": "big", "when": {"monetary": {"rank": "highest"}}, "strategy": "call"},
    {"name": "small", "strategy": "write"},
]


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, "r1"))


def content(spark: SparkSession, folder: Path, table: Table) -> list[dict]:
    return [row.asDict() for row in tables_at(spark, folder).read(table).collect()]


def purchase(user: str, at: datetime, amount: float) -> tuple:
    optional = (None, None, amount, None, None, None, None)
    return ("shop", f"{user}{at}", user, "i", "purchase", at, *optional, "l", 1)


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten small customers and two big ones in February; in March a small one turns big, one comes.

    Segmented as of March, of April, and of April again.
    """
    folder = tmp_path_factory.mktemp("segments")
    feb, mar = MARCH - timedelta(9), APRIL - timedelta(9)
    events = [purchase(f"s{i}", feb, 10.0 + i / 10) for i in range(10)]
    events += [purchase("b1", feb, 1000.0), purchase("b2", feb, 1010.0)]
    events += [purchase("s0", mar, 1000.0), purchase("new", mar, 11.0)]
    tables = tables_at(spark, folder)
    tables.overwrite(SILVER_EVENTS, spark.createDataFrame(events, SILVER_EVENTS.schema))
    for as_of in (MARCH, APRIL, APRIL):
        settings = SegmentCustomersSettings.model_validate(
            {"by": ["monetary"], "log": [], "k": 2, "seeds": [1], "rules": RULES, "as_of": as_of}
        )
        STEP.run(spark, settings, tables_at(spark, folder))
    return folder


def test_every_customer_has_a_named_segment_as_of_the_newest_run(spark, shop):
    rows = content(spark, shop, SEGMENTS)
    assert {(row["user_id"], row["segment"], row["strategy"], row["cluster"]) for row in rows} == {
        *((f"s{i}", "small", "write", 1) for i in range(1, 10)),
        ("new", "small", "write", 1),
        *((user, "big", "call", 2) for user in ("s0", "b1", "b2")),
    }
    assert {row["reason"] for row in rows if row["segment"] == "big"} == {
        "big: monetary highest of 2 clusters"
    }


def test_moves_since_the_run_before_are_told_once(spark, shop):
    moves = {
        (row["from_segment"], row["to_segment"]): (row["n_users"], row["share"])
        for row in content(spark, shop, SEGMENT_MOVES)
    }
    assert moves == {
        ("small", "small"): (9, 0.9),
        ("small", "big"): (1, pytest.approx(0.1)),
        ("big", "big"): (2, 1.0),
        (None, "small"): (1, 1.0),
    }


def test_each_instant_has_a_row_of_how_its_segments_were_made(spark, shop):
    first, second = sorted(content(spark, shop, SEGMENT_RUNS), key=lambda row: row["as_of"])
    assert (first["n_users"], first["from_as_of"], first["adjusted_rand"]) == (12, None, None)
    assert (second["n_users"], second["k"], second["value_feature"]) == (13, 2, "monetary")
    assert second["from_as_of"] == first["as_of"]
    # Pairs together in both: 36 + 1; before: 45 + 1; after: 36 + 3; of 66.
    expected = 46 * 39 / 66
    assert second["adjusted_rand"] == pytest.approx((37 - expected) / (42.5 - expected))


def test_profiles_tell_whose_the_value_is(spark, shop):
    rows = [r for r in content(spark, shop, SEGMENT_PROFILES) if r["feature"] == "monetary"]
    big = next(row for row in rows if row["segment"] == "big")
    assert big["n_users"] == 3
    total = 3020 + sum(10 + i / 10 for i in range(1, 10)) + 11
    assert big["share_total"] == pytest.approx(3020 / total)
    assert sum(row["share_users"] for row in rows) == pytest.approx(1)


def test_habits_are_kept_for_other_jobs(spark, shop):
    rows = content(spark, shop, CUSTOMER_FEATURES)
    numbers = {row["user_id"]: row["numbers"] for row in rows if row["source"] == "events"}
    assert numbers["s0"]["frequency"] == 2.0
    assert numbers["new"]["recency_days"] == 9.0


def test_habits_and_what_else_is_known_count_together(spark, shop):
    customers = [("crm", f"s{i}", {"credit": 100.0 * (i % 2)}, {}, "l", i) for i in range(1, 9)] + [
        ("crm", "b1", {}, {}, "l", 9),
        ("crm", "never bought", {"credit": 0.0}, {}, "l", 10),
    ]
    tables = tables_at(spark, shop)
    tables.overwrite(CUSTOMERS, spark.createDataFrame(customers, CUSTOMERS.schema))
    settings = SegmentCustomersSettings.model_validate(
        {
            "customers": FeatureChoice(source="crm"),
            "by": ["monetary", "credit"],
            "weights": {"credit": 100.0},
            "k": 2,
            "seeds": [1],
            "rules": [
                {"name": "creditworthy", "when": {"credit": {"at_least": 50}}},
                {"name": "other"},
            ],
            "as_of": APRIL,
        }
    )
    STEP.run(spark, settings, tables)
    rows = [row for row in content(spark, shop, SEGMENTS) if row["source"] == "crm"]
    found = {row["user_id"]: row["segment"] for row in rows}
    assert found == {f"s{i}": "creditworthy" if i % 2 else "other" for i in range(1, 9)}
    assert tables.run.warnings == [
        "1 customers of crm are left out: they lack one of monetary, credit"
    ]


def test_a_snapshot_is_of_the_instant_at_which_it_was_taken_in(spark, tmp_path):
    tables = tables_at(spark, tmp_path)
    assert taken_in_at(tables, "bank") == tables.run.started_at
    load = ("bank", "l", "a.csv", 9, MARCH, 1, 1, 0, 0, "r0", APRIL)
    tables.overwrite(SNAPSHOTS, spark.createDataFrame([load], SNAPSHOTS.schema))
    later = tables_at(spark, tmp_path)
    assert taken_in_at(later, "bank") == APRIL
    assert taken_in_at(later, "shop") == later.run.started_at
