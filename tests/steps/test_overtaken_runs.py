"""Two runs of one job at once: whoever began first and ends last replaces none of its tables."""

from pathlib import Path

import pytest
from overtaken import Overtaken
from pydantic import BaseModel
from pyspark.sql import SparkSession
from silver_events import two_tastes, write_silver

from cxspark.contracts.errors import ConflictError
from cxspark.contracts.features import CUSTOMERS
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import (
    build_interactions,
    build_user_item,
    classify_knn,
    cluster_customers,
    compute_distances,
    estimate_value,
    evaluate_recommenders,
    rank_features,
    recommend_als,
    recommend_blend,
    recommend_knn,
    segment_customers,
    train_als,
    train_tree,
)

BANK = {"features": {"source": "bank"}}
RULES = [{"name": "all", "strategy": "write"}]
OFTEN = {"by": ["frequency"], "log": [], "k": 2, "seeds": [1], "rules": RULES}
ALS = {"rank": 2, "iterations": 1, "blocks": 2}
QUICK = {
    "algorithms": ["item_knn"],
    "n_windows": 1,
    "few_half_lives": [None],
    "popular_half_lives": [10],
    "shares": [0.5],
    "shrinkages": [1],
    "n_replicates": 100,
}
# For a CI these stand for the others.
FEW = {"recommend_knn", "cluster_customers", "train_als"}
JOBS = [
    (recommend_knn.STEP, {}),
    (cluster_customers.STEP, {**BANK, "k_to": 3, "seeds": [1]}),
    (train_tree.STEP, {**BANK, "label": "kind", "depths": [1]}),
    (classify_knn.STEP, {**BANK, "label": "kind"}),
    (segment_customers.STEP, OFTEN),
    (estimate_value.STEP, {"min_customers": 20}),
    (compute_distances.STEP, BANK),
    (rank_features.STEP, {**BANK, "label": "kind"}),
    (build_interactions.STEP, {}),
    (recommend_blend.STEP, {"n_reasons": 0}),
    (recommend_als.STEP, {"n_reasons": 0}),
    (train_als.STEP, ALS),
]


def tables_at(spark: SparkSession, folder: Path, step: Step[BaseModel], run_id: str) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(step.name, run_id))


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the jobs read: events, their matrix, models of it, and a bank's customers."""
    folder: Path = tmp_path_factory.mktemp("overtaken")
    matrix = build_user_item.STEP
    tables = tables_at(spark, folder, matrix, "before")
    write_silver(tables, two_tastes())
    matrix.run(spark, matrix.settings(), tables_at(spark, folder, matrix, "before"))
    for step, values in ((train_als.STEP, ALS), (evaluate_recommenders.STEP, QUICK)):
        settings = step.settings.model_validate(values)
        step.run(spark, settings, tables_at(spark, folder, step, "before"))
    rows = [
        ("bank", f"u{i}", {"x": float(i % 7), "y": float(i)}, {"kind": "ab"[i % 2]}, "l", i)
        for i in range(80)
    ]
    tables.overwrite(CUSTOMERS, spark.createDataFrame(rows, CUSTOMERS.schema))
    return folder


@pytest.mark.integration
@pytest.mark.parametrize(
    ("step", "values"),
    [
        pytest.param(*job, id=job[0].name, marks=() if job[0].name in FEW else pytest.mark.thorough)
        for job in JOBS
    ],
)
def test_a_run_that_another_overtook_leaves_all_tables_to_it(
    step: Step[BaseModel], values: dict[str, object], spark: SparkSession, folder: Path
) -> None:
    settings = step.settings.model_validate(values)

    def meanwhile() -> None:
        step.run(spark, settings, tables_at(spark, folder, step, "newer"))

    late = Overtaken(tables_at(spark, folder, step, "late"), meanwhile)
    with pytest.raises(ConflictError, match=f"by {step.name} run newer"):
        step.run(spark, settings, late)
    for table in step.writes:
        commits = late.history(table, limit=None)
        assert "late" not in {one.run_id for one in commits if one.changes_rows}, table.name
