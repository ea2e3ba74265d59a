"""The main job finds in the synthetic world what was planted there."""

from importlib.resources import files
from pathlib import Path

import pytest
from main_job import MainJob
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.synthetic.settings import SyntheticSettings
from cxspark.synthetic.visitors import SEGMENTS
from cxspark.synthetic.world import Truth, write_world

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.usefixtures("generated_code"),
]

MAPPING = files("cxspark.synthetic") / "source.yaml"
SETTINGS = SyntheticSettings(n_users=400, n_items=240, n_events=20_000, days=14)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("synthetic")


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return write_world(folder / "raw", SETTINGS)


@pytest.fixture(scope="module")
def shop(spark: SparkSession, folder: Path, truth: Truth) -> MainJob:
    assert truth.n_records > 0
    job = MainJob(spark, folder / "tables", str(MAPPING), folder / "raw")
    job.run("first")
    return job


def test_every_record_ends_where_the_truth_says(shop: MainJob, truth: Truth) -> None:
    names = ("n_records", "n_accepted", "n_duplicates", "n_quarantined")
    found = shop.read("ops.loads").agg(
        F.count(F.lit(1)).alias("n_files"), *(F.sum(name).alias(name) for name in names)
    )
    row = found.collect()[0].asDict()
    assert row == {name: getattr(truth, name) for name in ("n_files", *names)}


def test_every_planted_fault_is_found_for_what_it_is(shop: MainJob, truth: Truth) -> None:
    reasons = shop.read("silver.quarantine").select(F.explode("reasons").alias("reason"))
    found = {row["reason"]: row["count"] for row in reasons.groupBy("reason").count().collect()}
    assert found == truth.reasons


def test_silver_holds_the_clean_events_in_the_suites_words(shop: MainJob, truth: Truth) -> None:
    events = shop.read("silver.events")
    types = {
        row["event_type"]: row["count"] for row in events.groupBy("event_type").count().collect()
    }
    assert types == truth.event_types
    counts = events.agg(F.countDistinct("user_id"), F.countDistinct("item_id")).collect()[0]
    assert tuple(counts) == (truth.n_users, truth.n_items)


def test_recommendations_hit_the_users_segment_above_chance(shop: MainJob, truth: Truth) -> None:
    rows = shop.read("gold.recommendations").where("origin = 'neighbors'").collect()
    hits = [
        truth.categories[row["item_id"]] in truth.favourites[truth.segments[row["user_id"]]]
        for row in rows
    ]
    chance = 1 / len(SEGMENTS)
    assert len(hits) > truth.n_users
    assert sum(hits) / len(hits) > 1.75 * chance
