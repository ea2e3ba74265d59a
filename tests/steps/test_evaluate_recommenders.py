import json
from collections import Counter
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession
from silver_events import tables_at, two_tastes, write_silver

from cxspark.contracts.errors import ContractError
from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.settings import RecommendBlendSettings
from cxspark.runtime.tables import Tables
from cxspark.steps import recommend_blend
from cxspark.steps.evaluate_recommenders import STEP

pytestmark = pytest.mark.integration

# Her only event is of a type without a weight.
WISHING = ("wishing", "i01", "wishlist", 50.0)
METRICS = {
    *("ndcg", "precision", "recall", "average_precision", "reciprocal_rank", "hit_rate"),
    *("coverage", "novelty", "diversity", "popular_share"),
}
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


@pytest.fixture(scope="module")
def comparing(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    tables = tables_at(spark, tmp_path_factory.mktemp("judged"))
    write_silver(tables, [*two_tastes(), WISHING])
    STEP.run(spark, EvaluateRecommendersSettings(**QUICK), tables)
    return tables


@pytest.fixture(scope="module")
def judged(spark: SparkSession, comparing: Tables) -> Tables:
    return tables_at(spark, Path(str(comparing.location.root)))


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
    assert found == {(model, metric) for model in models for metric in METRICS}


def test_a_personal_model_finds_the_taste_that_popularity_cant(judged: Tables) -> None:
    rows = judged.read(MODEL_METRICS).where("segment = 'all' and metric = 'ndcg'").collect()
    value = {row["algorithm"]: row for row in rows}
    assert value["item_knn"]["value"] > value["popular"]["value"]
    assert value["blend"]["difference_low"] > 0


def test_every_row_has_its_protocol(judged: Tables) -> None:
    row = judged.read(MODEL_METRICS).where("algorithm = 'blend'").first()
    assert row is not None
    assert row["split"].startswith("time, train share 0.8; test 2026-")
    assert row["split"].endswith(
        "; learnt from view 0.2, cart 0.6, purchase 1, return -1; popularity with cap 5;"
        " foretold view, cart, purchase; settings chosen on 1 windows before the test, of equal"
        " importance; judged are users with a history, 0 have none; 200 replicates"
    )
    assert row["input"] == "silver.events@1"
    assert row["candidates"].startswith("all items of the training, without what the user has")
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


@pytest.mark.thorough
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
    assert len(users) == 61
    assert set(users.values()) == {5}


def test_who_did_nothing_that_counts_gets_what_is_popular(recommended: list[Row]) -> None:
    assert {row["origin"] for row in recommended if row["user_id"] == WISHING[0]} == {"popular"}


def test_event_types_that_count_nothing_are_told(comparing: Tables) -> None:
    (said,) = comparing.run.warnings
    assert "may be recommended: wishlist 1; weights are of cart, purchase, return, view" in said


def test_the_choice_keeps_its_terms(judged: Tables) -> None:
    (newest,) = judged.history(MODEL_TRIALS, limit=1)
    assert newest.facts == {
        "split": "time",
        "weights": {**EvaluateRecommendersSettings().weights},
        "popularity_cap": 5.0,
        "is_refused": False,
    }


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
    one_each = [(f"u{day}", "i", "purchase", float(day)) for day in range(10)]
    write_silver(tables_at(spark, tmp_path), one_each)
    with pytest.raises(ContractError, match="users with a history who take something new"):
        STEP.run(spark, EvaluateRecommendersSettings(**QUICK), tables_at(spark, tmp_path))


@pytest.mark.thorough
def test_models_that_find_nothing_for_a_single_user_are_told_so(
    spark: SparkSession, tmp_path: Path
) -> None:
    # Whatever she takes next, nobody has had: there is nothing to recommend.
    write_silver(tables_at(spark, tmp_path), [("u", f"i{d}", "purchase", d) for d in range(10)])
    STEP.run(spark, EvaluateRecommendersSettings(**QUICK), tables_at(spark, tmp_path))
    rows = tables_at(spark, tmp_path).read(MODEL_METRICS).where("metric = 'ndcg'").collect()
    found = {row["algorithm"]: (row["value"], row["n_users"]) for row in rows}
    assert found == dict.fromkeys(("popular", "popular_recent", "item_knn", "blend"), (0.0, 1))
    # Where nothing tells them apart, it is popularity.
    (blend,) = [json.loads(row["settings"]) for row in rows if row["algorithm"] == "blend"][:1]
    assert blend["shares"] == [1.0]


def test_windows_that_dont_fit_before_the_test_are_refused() -> None:
    with pytest.raises(ValueError, match="must be less than train_share"):
        EvaluateRecommendersSettings(n_windows=10, window_share=0.1)
