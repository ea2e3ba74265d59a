"""ALS as a comparison chose it, trained and recommending."""

import json
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession
from silver_events import tables_at, two_tastes, write_silver

from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.factors import MODELS
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.settings import RecommendAlsSettings, TrainAlsSettings
from cxspark.matrix.settings import BuildUserItemSettings
from cxspark.steps import build_user_item, recommend_als, train_als
from cxspark.steps.als_cells import read_weights
from cxspark.steps.evaluate_recommenders import STEP

pytestmark = pytest.mark.integration

LISTS = {"regs": (100.0, 0.1), "alphas": (10.0, 1.0), "ranks": (2, 3), "iterations": (3,)}
# Her only event is of a type that doesn't count.
WISHING = ("wishing", "i01", "wishlist", 50.0)
EVENTS = [
    *two_tastes(),
    WISHING,
    ("u000", "i01", "purchase", 99.0),
    ("u000", "i01", "purchase", 100.0),
]


@pytest.fixture(scope="module")
def chosen(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with a model whose settings were chosen from lists."""
    folder = tmp_path_factory.mktemp("chosen")
    write_silver(tables_at(spark, folder), EVENTS)
    build_user_item.STEP.run(spark, BuildUserItemSettings(), tables_at(spark, folder))
    settings = EvaluateRecommendersSettings(
        n_windows=1,
        window_share=0.2,
        k=3,
        algorithms=("als",),
        few_half_lives=(40.0,),
        popular_half_lives=(10.0,),
        popular_windows=(),
        shares=(0.0,),
        **LISTS,
        n_replicates=100,
    )
    STEP.run(spark, settings, tables_at(spark, folder))
    train_als.STEP.run(spark, TrainAlsSettings(as_chosen=True), tables_at(spark, folder))
    return folder


def trained(spark: SparkSession, folder: Path) -> TrainAlsSettings:
    (row,) = tables_at(spark, folder).read(MODELS).collect()
    return TrainAlsSettings.model_validate_json(row["settings"])


def test_how_good_it_was_is_kept_with_the_model(spark: SparkSession, chosen: Path) -> None:
    tables = tables_at(spark, chosen)
    (row,) = tables.read(MODELS).collect()
    judged = tables.read(MODEL_METRICS).where("algorithm = 'als' AND segment = 'all'").collect()
    found = {one["metric"]: one["value"] for one in judged}
    assert json.loads(row["metrics"])["evaluation"] == {"run_id": "r1", **found}
    assert found["ndcg"] > 0


def test_one_list_after_the_other_is_tried_on_the_best_so_far(
    spark: SparkSession, chosen: Path
) -> None:
    names = ("reg", "alpha", "rank", "iterations")
    rows = tables_at(spark, chosen).read(MODEL_TRIALS).where("algorithm = 'als'").collect()
    told = {tuple(json.loads(row["settings"])[name] for name in names): row for row in rows}
    best = tuple(values[0] for values in LISTS.values())
    tried = set()
    for place, values in enumerate(LISTS.values()):
        varied = [(*best[:place], value, *best[place + 1 :]) for value in values]
        tried |= set(varied)
        best = max(varied, key=lambda one: told[one]["value"])
    assert set(told) == tried
    assert [one for one, row in told.items() if row["is_chosen"]] == [best]


def test_what_was_chosen_is_trained(spark: SparkSession, chosen: Path) -> None:
    trials = tables_at(spark, chosen).read(MODEL_TRIALS)
    row = trials.where("algorithm = 'als' AND is_chosen").first()
    assert row is not None
    told = json.loads(row["settings"])
    found = trained(spark, chosen).model_dump()
    assert {name: found[name] for name in told if name != "algorithm"} == {
        name: value for name, value in told.items() if name != "algorithm"
    }
    assert (found["half_life_days"], found["weights_from"]) == (40.0, "events")


def test_it_learns_from_decayed_events_by_their_logarithm(
    spark: SparkSession, chosen: Path
) -> None:
    weights = read_weights(trained(spark, chosen), tables_at(spark, chosen))
    found = {(row["user_id"], row["item_id"]): row["weight"] for row in weights.collect()}
    ages = [100.0 - days for user, item, _, days in EVENTS if (user, item) == ("u000", "i01")]
    expected = np.log1p(sum(2 ** (-age / 40) for age in ages))
    assert found["u000", "i01"] == pytest.approx(expected, rel=1e-6)
    assert len(found) == tables_at(spark, chosen).read(USER_ITEM).count() - 1


def test_its_lists_keep_to_each_users_taste(spark: SparkSession, chosen: Path) -> None:
    recommend_als.STEP.run(spark, RecommendAlsSettings(n=3), tables_at(spark, chosen, "r2"))
    rows = tables_at(spark, chosen).read(RECOMMENDATIONS).collect()
    told = [row for row in rows if row["user_id"] != WISHING[0]]
    assert len(told) == 60 * 3
    assert all(int(row["item_id"][1:]) // 20 == int(row["user_id"][1:]) % 2 for row in told)
    assert [row["origin"] for row in rows if row not in told] == ["popular"] * 3
