"""The main job on Complete Journey, a sample of a grocer's till receipts without a fault."""

from pathlib import Path

import pytest
from main_job import MainJob
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.steps.graph import STEPS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.usefixtures("generated_code"),
]

N_LINES = 75_000
N_HOUSEHOLDS = 2_377
N_PRODUCTS = 20_902
N_JUDGED = 1_913


@pytest.fixture(scope="module")
def grocer(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory) -> MainJob:
    root = tmp_path_factory.mktemp("complete_journey") / "tables"
    raw = data / "completejourney" / "transactions_sample.csv.gz"
    job = MainJob(spark, root, "complete_journey.yaml", raw)
    job.run("first")
    return job


def test_every_line_is_a_purchase(grocer: MainJob) -> None:
    load = grocer.read("ops.loads").select("n_records", "n_accepted").collect()
    assert [tuple(row) for row in load] == [(N_LINES, N_LINES)]
    found = grocer.read("silver.events").agg(
        F.collect_set("event_type"), F.countDistinct("user_id"), F.countDistinct("item_id")
    )
    assert tuple(found.collect()[0]) == (["purchase"], N_HOUSEHOLDS, N_PRODUCTS)


def test_the_matrix_and_the_recommendations_cover_every_household(grocer: MainJob) -> None:
    cells = grocer.read("gold.user_item").agg(F.sum("n_events"), F.countDistinct("user_id"))
    assert tuple(cells.collect()[0]) == (N_LINES, N_HOUSEHOLDS)
    rows = grocer.read("gold.recommendations").groupBy("user_id").count()
    assert {row["count"] for row in rows.collect()} == {10}
    assert rows.count() == N_HOUSEHOLDS


def test_the_report_tells_the_lines(grocer: MainJob) -> None:
    assert f"{N_LINES:,}" in grocer.page()


def test_the_blend_is_no_worse_than_what_is_popular_lately(grocer: MainJob) -> None:
    # Near what is chosen by default, so that it takes a minute.
    settings = EvaluateRecommendersSettings(
        n_windows=2,
        algorithms=("ease",),
        half_lives=(None,),
        penalties=(200.0,),
        popular_half_lives=(30.0, 60.0),
        popular_windows=(),
        shares=(0.8, 1.0),
    )
    found = grocer.judge(settings)
    assert found["blend"]["n_users"] == N_JUDGED
    assert found["blend"]["value"] > 0.037
    assert found["blend"]["difference_high"] > 0


def test_a_second_run_takes_nothing_in(grocer: MainJob) -> None:
    jobs = ("ingest_events", "build_user_item")
    tables = [table.name for job in jobs for table in STEPS[job].writes]
    before = {name: grocer.fingerprint(name) for name in tables}
    outcomes = grocer.run("second", jobs)
    assert {name: grocer.fingerprint(name) for name in tables} == before
    assert [outcome.run.outputs for outcome in outcomes.values()] == [[], []]
