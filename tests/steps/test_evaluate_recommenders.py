import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.settings import RecommendBlendSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps import recommend_blend
from cxspark.steps.evaluate_recommenders import STEP

pytestmark = pytest.mark.integration

START = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = {
    "n_windows": 1,
    "window_share": 0.2,
    "k": 3,
    "algorithms": ("popular", "item_knn"),
    "few_half_lives": (None,),
    "popular_half_lives": (10.0,),
    "shares": (0.0, 1.0),
    "shrinkages": (1.0,),
    "n_replicates": 200,
}


def tables_at(spark: SparkSession, folder: Path, run_id: str = "r1") -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, run_id))


def write_events(spark: SparkSession, folder: Path, *, n_users: int = 60) -> None:
    """Two tastes of items; the users go on taking items of their taste."""
    rng = np.random.default_rng(3)
    rows = []
    for user in range(n_users):
        taste = 20 * (user % 2)
        for item in rng.choice(20, 9, replace=False):
            at = START + timedelta(days=float(rng.uniform(0, 100)))
            rows.append((f"u{user:03d}", f"i{taste + item:02d}", "purchase", at))
    frame = spark.createDataFrame(
        rows, "user_id string, item_id string, event_type string, event_at timestamp"
    )
    tables_at(spark, folder).overwrite(SILVER_EVENTS, as_silver(frame))


def as_silver(frame: DataFrame) -> DataFrame:
    """The events with the columns that don't matter here."""
    defaults = {"source": F.lit("test"), "load_id": F.lit("l"), "record_number": F.lit(1)}
    for field in SILVER_EVENTS.schema.fields:
        if field.name not in frame.columns:
            value = defaults.get(field.name, F.lit(None))
            frame = frame.withColumn(field.name, value.cast(field.dataType))
    return frame.withColumn("event_key", F.uuid())


@pytest.fixture(scope="module")
def judged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("judged")
    write_events(spark, folder)
    tables = tables_at(spark, folder)
    STEP.run(spark, EvaluateRecommendersSettings(**QUICK), tables)
    return tables_at(spark, folder)


@pytest.fixture(scope="module")
def recommended(spark: SparkSession, judged: Tables) -> list[Row]:
    folder = Path(str(judged.location.root))
    settings = RecommendBlendSettings(n=5, deny=("i00",))
    recommend_blend.STEP.run(spark, settings, tables_at(spark, folder, "r2"))
    return tables_at(spark, folder).read(RECOMMENDATIONS).collect()


def test_every_model_is_judged_by_every_metric(judged: Tables) -> None:
    rows = judged.read(MODEL_METRICS).where("segment = 'all'").collect()
    found = {(row["algorithm"], row["metric"]) for row in rows}
    models = {name for name, _ in found}
    assert models == {"popular", "popular_recent", "item_knn", "blend"}
    assert len(found) == len(models) * len({metric for _, metric in found})


def test_a_personal_model_finds_the_taste_that_popularity_cant(judged: Tables) -> None:
    rows = judged.read(MODEL_METRICS).where("segment = 'all' and metric = 'ndcg'").collect()
    value = {row["algorithm"]: row for row in rows}
    assert value["item_knn"]["value"] > value["popular"]["value"]
    assert value["blend"]["difference_low"] > 0


def test_every_row_has_its_protocol(judged: Tables) -> None:
    row = judged.read(MODEL_METRICS).where("algorithm = 'blend'").first()
    assert row is not None
    assert row["split"].startswith("time, train share 0.8; test 2026-")
    assert row["input"] == "silver.events@1"
    assert json.loads(row["settings"])["personal"]["algorithm"] == "item_knn"


def test_one_setting_of_each_model_is_chosen_on_windows_before_the_test(judged: Tables) -> None:
    trials = judged.read(MODEL_TRIALS).collect()
    chosen = {(row["algorithm"], row["trial"]) for row in trials if row["is_chosen"]}
    assert sorted(name for name, _ in chosen) == ["blend", "item_knn", "popular", "popular_recent"]
    test_from = judged.read(MODEL_METRICS).first()["split"].split("test ")[1].split("..")[0]
    assert all(row["window_until"].isoformat() <= test_from for row in trials)


def test_segments_share_out_all_users(judged: Tables) -> None:
    rows = judged.read(MODEL_METRICS).where("algorithm = 'blend' and metric = 'ndcg'").collect()
    users = {row["segment"]: row["n_users"] for row in rows}
    assert users.pop("all") == sum(users.values())


def test_the_same_run_again_leaves_the_same_rows(spark: SparkSession, judged: Tables) -> None:
    def content() -> set[tuple[object, ...]]:
        rows = tables_at(spark, Path(str(judged.location.root))).read(MODEL_METRICS)
        return {tuple(row) for row in rows.drop("fit_seconds", "recommend_seconds").collect()}

    before = content()
    STEP.run(
        spark,
        EvaluateRecommendersSettings(**QUICK),
        tables_at(spark, Path(str(judged.location.root))),
    )
    assert content() == before


def test_the_chosen_blend_recommends_to_everyone(recommended: list[Row]) -> None:
    users = Counter(row["user_id"] for row in recommended)
    assert len(users) == 60
    assert set(users.values()) == {5}


def test_the_choice_keeps_what_events_weighed_in_it(judged: Tables) -> None:
    (newest,) = judged.history(MODEL_TRIALS, limit=1)
    assert newest.facts["weights"] == {**EvaluateRecommendersSettings().weights}


def test_reasons_add_up_to_the_score(recommended: list[Row]) -> None:
    for row in recommended:
        parts = [reason["contribution"] for reason in row["reasons"]]
        assert sum(parts) == pytest.approx(row["score"], abs=1e-4)
        assert {reason["kind"] for reason in row["reasons"]} <= {"item", "popularity", "other"}


def test_reasons_are_items_that_the_user_has(judged: Tables, recommended: list[Row]) -> None:
    events = judged.read(SILVER_EVENTS).select("user_id", "item_id").collect()
    has = {(row["user_id"], row["item_id"]) for row in events}
    told = {
        (row["user_id"], reason["id"])
        for row in recommended
        for reason in row["reasons"]
        if reason["kind"] == "item"
    }
    assert told
    assert told <= has
    assert not {(row["user_id"], row["item_id"]) for row in recommended} & has


def test_what_is_denied_isnt_recommended(recommended: list[Row]) -> None:
    assert "i00" not in {row["item_id"] for row in recommended}


def test_no_user_who_takes_anything_new_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    rows = [(f"u{day}", "i", "purchase", START + timedelta(days=day)) for day in range(10)]
    frame = spark.createDataFrame(
        rows, "user_id string, item_id string, event_type string, event_at timestamp"
    )
    tables_at(spark, tmp_path).overwrite(SILVER_EVENTS, as_silver(frame))
    with pytest.raises(ContractError, match="users who take something new"):
        STEP.run(spark, EvaluateRecommendersSettings(**QUICK), tables_at(spark, tmp_path))


def test_windows_that_dont_fit_before_the_test_are_refused() -> None:
    with pytest.raises(ValueError, match="must be less than train_share"):
        EvaluateRecommendersSettings(n_windows=10, window_share=0.1)
