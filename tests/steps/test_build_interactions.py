"""The features job on small Delta tables."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.matrix.settings import BuildInteractionsSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.build_interactions import STEP

# Microseconds that a double of seconds would lose.
NEWEST = datetime(2026, 3, 1, 12, 0, 0, 123457, tzinfo=UTC)
EVENTS = [
    # user, item, type, days before the newest, mark, seconds watched, length
    ("u1", "a", "view", 0, None, None, None),
    ("u1", "a", "purchase", 30, None, None, None),
    ("u1", "film", "watch", 30, 4.0, 45.0, 60.0),
    ("u1", "film", "rate", 0, 3.0, None, None),
    *[("robot", "a", "purchase", 0, None, None, None)] * 4,
]


def tables_at(spark: SparkSession, folder: Path, run_id: str = "r1") -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, run_id))


def load(spark: SparkSession, folder: Path, events: list[tuple[Any, ...]]) -> None:
    rows = [
        ("shop", f"e{place}", user, item, kind, NEWEST - timedelta(days), *(None,) * 4, *seen)
        for place, (user, item, kind, days, *seen) in enumerate(events)
    ]
    frame = spark.createDataFrame([(*row, "load", 1) for row in rows], SILVER_EVENTS.schema)
    tables_at(spark, folder).overwrite(SILVER_EVENTS, frame)


def build(spark: SparkSession, folder: Path, run_id: str, **settings: Any) -> list[dict[str, Any]]:
    tables = tables_at(spark, folder, run_id)
    STEP.run(spark, BuildInteractionsSettings(**settings), tables)
    rows = tables_at(spark, folder).read(INTERACTIONS).collect()
    return sorted((row.asDict() for row in rows), key=lambda row: (row["user_id"], row["item_id"]))


def test_features_are_as_of_the_newest_event_and_the_same_again(
    spark: SparkSession, tmp_path: Path
) -> None:
    load(spark, tmp_path, EVENTS)
    rows = build(spark, tmp_path, "r1", max_user_weight=10)
    told = ("user_id", "item_id", "n_events", "decayed_weight", "weight", "is_capped")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("robot", "a", 4, 20.0, 10.0, True),
        ("u1", "a", 2, 3.5, 3.5, False),
        ("u1", "film", 2, 2.5, 2.5, False),
    ]
    film = rows[2]
    assert (film["watched_share"], film["rating_change"], film["recency_days"]) == (0.75, -1.0, 0.0)
    assert build(spark, tmp_path, "r2", max_user_weight=10) == rows
    commit = tables_at(spark, tmp_path).history(INTERACTIONS, limit=1)[0]
    assert commit.facts == {"reference_at": NEWEST.isoformat()}

    earlier = build(spark, tmp_path, "r3", at=NEWEST - timedelta(10), half_life_days=None)
    assert [(row["user_id"], row["item_id"], row["recency_days"]) for row in earlier] == [
        ("u1", "a", 20.0),
        ("u1", "film", 20.0),
    ]


def test_no_events_give_an_empty_table(spark: SparkSession, tmp_path: Path) -> None:
    load(spark, tmp_path, [])
    assert build(spark, tmp_path, "r1") == []
