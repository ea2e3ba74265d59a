"""What a comparison lets through to be deployed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession
from silver_events import START, Event, tables_at, two_tastes, write_silver

from cxspark.contracts.errors import ContractError, QualityGateError
from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.settings import RecommendBlendSettings
from cxspark.runtime.config import Config, load_config
from cxspark.runtime.submit import submit
from cxspark.steps import recommend_blend
from cxspark.steps.evaluate_recommenders import STEP
from cxspark.steps.graph import STEPS, in_order

pytestmark = pytest.mark.integration


def quick(**values: Any) -> EvaluateRecommendersSettings:
    return EvaluateRecommendersSettings(
        **{
            "n_windows": 1,
            "window_share": 0.2,
            "k": 3,
            "algorithms": ("item_knn",),
            "few_half_lives": (None,),
            "popular_half_lives": (10.0,),
            "popular_windows": (),
            "shares": (0.0,),
            "shrinkages": (1.0,),
            "n_replicates": 200,
            **values,
        }
    )


def a_fashion() -> list[Event]:
    """Users of two tastes; then others take the newest items, and in the end all do."""
    hot = [f"hot{item}" for item in range(5)]
    first = [(f"first{n}", item, "purchase", 79 + n / 100) for n in range(20) for item in hot]
    then = [
        (f"u{user:03d}", hot[(user + more) % 5], "purchase", 85.0 + user / 10)
        for user in range(60)
        for more in range(2)
    ]
    return [*two_tastes(each=6, days=79), *first, *then]


def recommend(spark: SparkSession, folder: Path) -> None:
    recommend_blend.STEP.run(spark, RecommendBlendSettings(n=3), tables_at(spark, folder, "r2"))


def from_a_file(folder: Path, events: list[Event]) -> Config:
    """User, item and time in a file, and nothing but a configuration to tell what it is."""
    lines = [f"{user},{item},{START + timedelta(days=days)}" for user, item, _, days in events]
    (folder / "taken.csv").write_text("\n".join(["who,what,at", *lines]))
    columns = {"user_id": "who", "item_id": "what", "event_at": "at"}
    source = {"name": "file", "columns": {**columns, "event_type": {"expr": "'purchase'"}}}
    sections = {
        "environment": {"tables": {"root": str(folder)}},
        "ingest_events": {"source": source, "input": [str(folder / "taken.csv")]},
        "evaluate_recommenders": quick().model_dump(mode="json"),
    }
    (folder / "shop.yaml").write_text(yaml.safe_dump(sections))
    return load_config(folder / "shop.yaml", [], known=STEPS)


def test_a_blend_worse_than_what_is_popular_is_held_back_and_not_deployed(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = from_a_file(tmp_path, a_fashion())
    with caplog.at_level("INFO", "cxspark"):
        *_, ended = submit(
            in_order(["ingest_events", "evaluate_recommenders"]), config, run_id="r1"
        )
    assert ended.exit_code == 4
    assert "blend to be no worse than popular_recent" in str(ended.error)
    assert any(line.startswith("popular_recent ") for line in caplog.messages)  # the leaderboard
    assert any("chosen on 1 windows before the test" in line for line in caplog.messages)
    assert not tables_at(spark, tmp_path).read(MODEL_METRICS).isEmpty()
    with pytest.raises(QualityGateError, match="run r1 found it worse"):
        recommend(spark, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("split", ["last_n", "random"])
def test_a_comparison_by_another_split_is_told_apart_and_nothing_is_deployed_by_it(
    spark: SparkSession, tmp_path: Path, split: str
) -> None:
    write_silver(tables_at(spark, tmp_path), two_tastes())
    STEP.run(spark, quick(split=split, n_windows=2), tables_at(spark, tmp_path))
    trials = tables_at(spark, tmp_path).read(MODEL_TRIALS)
    assert trials.count() == trials.select(*MODEL_TRIALS.key).distinct().count()
    row = tables_at(spark, tmp_path).read(MODEL_METRICS).first()
    assert row is not None
    assert row["split"].startswith(split)
    with pytest.raises(ContractError, match="a chosen blend of the newest run by a split in time"):
        recommend(spark, tmp_path)


def test_what_may_be_shown_of_too_few_items_is_a_warning(
    spark: SparkSession, tmp_path: Path
) -> None:
    write_silver(tables_at(spark, tmp_path), two_tastes())
    STEP.run(spark, quick(), tables_at(spark, tmp_path))
    tables = tables_at(spark, tmp_path, "r2")
    settings = RecommendBlendSettings(n=3, allow=("i01", "i21"))
    recommend_blend.STEP.run(spark, settings, tables)
    assert len(tables.run.warnings) == 1
    assert "leave 2 of 40 items for lists of 3: lists are shorter" in tables.run.warnings[0]
    shown = tables_at(spark, tmp_path).read(RECOMMENDATIONS).select("item_id").distinct()
    assert sorted(row["item_id"] for row in shown.collect()) == ["i01", "i21"]
