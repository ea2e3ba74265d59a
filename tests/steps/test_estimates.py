"""What dry runs tell, beside what the jobs then do."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.evaluation import MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.factors import ITEM_FACTORS, MODELS
from cxspark.contracts.features import CUSTOMERS
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX, USER_ITEM
from cxspark.contracts.table import Table
from cxspark.distance.settings import ComputeDistancesSettings
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.als_recommender import AlsRecommender
from cxspark.factorization.blend import Blend
from cxspark.factorization.ease import Ease
from cxspark.factorization.item_knn import ItemKnn
from cxspark.factorization.scoring import PersonalRecommender
from cxspark.factorization.settings import (
    RecommendAlsSettings,
    RecommendBlendSettings,
    TrainAlsSettings,
)
from cxspark.neighbors.settings import RecommendKnnSettings
from cxspark.runtime.estimate import Limit, Need, check_memory
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.submit import run_steps
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.graph import STEPS, in_order

LINES = [
    "user,item,kind,at",
    *(f"u{n % 7},i{n % 5},view,2026-01-{1 + n % 28:02d} 10:00:00" for n in range(60)),
]
JOBS = ["ingest_events", "build_user_item", "recommend_knn"]


@pytest.fixture
def sizes_of(spark: SparkSession, tmp_path: Path) -> Callable[..., Sizes]:
    """Of tables that an earlier job may write; of others there is none."""
    tables = Tables(spark, Location(root=str(tmp_path)), Run("test", "test"))

    def sizes_of(*rows: tuple[Table, int]) -> Sizes:
        return Sizes(tables, {table.name: n for table, n in rows})

    return sizes_of


def needs_by_place(needs: tuple[Need, ...]) -> dict[str, float]:
    return {need.place: need.megabytes for need in needs}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "lines.csv").write_text("\n".join(LINES))
    columns = {"user_id": "user", "item_id": "item", "event_type": "kind", "event_at": "at"}
    source = {"name": "shop", "columns": columns, "timestamp_formats": ["yyyy-MM-dd HH:mm:ss"]}
    sections = {
        "environment": {"tables": {"root": str(tmp_path / "tables")}},
        "ingest_events": {"source": source, "input": [str(tmp_path / "lines.csv")]},
    }
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(sections))
    return tmp_path / "shop.yaml"


def outcomes(
    config: Path, capsys: pytest.CaptureFixture[str], *, dry_run: bool
) -> dict[str, dict[str, object]]:
    steps = in_order(JOBS)
    assert run_steps(steps, config, [], run_id="r", dry_run=dry_run, known=STEPS) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {one["job"]: one for one in said}


@pytest.mark.integration
@pytest.mark.usefixtures("spark")
def test_jobs_write_no_more_rows_than_a_dry_run_tells(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = outcomes(config, capsys, dry_run=True)
    assert not (config.parent / "tables").exists()
    done = outcomes(config, capsys, dry_run=False)
    for job in JOBS:
        most = told[job]["estimate"]["rows"]  # type: ignore[index]
        written = {one["table"]: one["n_rows"] for one in done[job]["outputs"]}  # type: ignore[attr-defined]
        assert most
        assert {table: n for table, n in written.items() if n > most.get(table, n)} == {}
    # Sixty lines of the same length, and a header that is shorter.
    assert told["ingest_events"]["estimate"]["rows"]["bronze.events"] in (60, 61, 62)  # type: ignore[index]


def test_of_each_job_whose_tables_grow_with_its_inputs_rows_are_told() -> None:
    of_few_rows = {"build_report", "care_tables", "evaluate_recommenders", "rank_features"}
    assert {name for name, step in STEPS.items() if step.rows is None} == of_few_rows


def test_a_blend_s_lists_are_bounded_by_events_where_no_users_are_counted(
    sizes_of: Callable[..., Sizes],
) -> None:
    settings = RecommendBlendSettings(n=5)
    table = "gold.recommendations"
    assert estimates.recommended(settings, sizes_of((SILVER_EVENTS, 40)))[table] == 200
    counted = sizes_of((SILVER_EVENTS, 40), (USER_INDEX, 7))
    assert estimates.recommended(settings, counted)[table] == 35


def test_a_broadcast_that_the_driver_cant_hold_is_told(sizes_of: Callable[..., Sizes]) -> None:
    sizes = sizes_of((USER_ITEM, 10**9), (USER_INDEX, 10**7))
    whole = estimates.matrix_search(RecommendKnnSettings(), sizes)
    # 12 bytes a cell, collected and cut into pieces.
    assert needs_by_place(whole)["heap"] == pytest.approx(2 * 12e9 / 2**20)
    parts = estimates.matrix_search(RecommendKnnSettings(broadcast=False), sizes)
    assert "heap" not in needs_by_place(parts)


def test_lower_blocks_need_less(sizes_of: Callable[..., Sizes]) -> None:
    sizes = sizes_of((USER_ITEM, 10**9), (USER_INDEX, 10**5))
    needs = [
        needs_by_place(estimates.matrix_search(RecommendKnnSettings(block_rows=rows), sizes))[
            "worker"
        ]
        for rows in (512, 8192)
    ]
    assert needs[0] < needs[1]


def test_all_items_factors_are_in_every_worker(sizes_of: Callable[..., Sizes]) -> None:
    sizes = sizes_of((ITEM_FACTORS, 10**7))
    needs = needs_by_place(estimates.item_factors(sizes, rank=64, block_users=12_500))
    assert needs["worker"] == needs["driver"] > 64 * 4 * 10**7 / 2**20


def test_a_worker_has_the_cells_of_its_users_beside(sizes_of: Callable[..., Sizes]) -> None:
    needs = [
        needs_by_place(
            estimates.item_factors(sizes_of((USER_ITEM, n_cells)), rank=64, block_users=12_500)
        )
        for n_cells in (0, 10**6, 10**8, 10**9)
    ]
    more = [one["worker"] - needs[0]["worker"] for one in needs]
    assert more == pytest.approx([0, 170e6 / 2**20, 680e6 / 2**20, 680e6 / 2**20])
    assert len({one["driver"] for one in needs}) == 1


def test_without_ease_no_matrix_of_items_is_inverted(sizes_of: Callable[..., Sizes]) -> None:
    settings = EvaluateRecommendersSettings(algorithms=("popular", "als"))
    assert estimates.compared_matrices(settings, sizes_of()) == ()


def test_item_knn_makes_matrices_of_items_too(sizes_of: Callable[..., Sizes]) -> None:
    sizes = sizes_of((ITEM_INDEX, 10**6))
    alone, both = (
        needs_by_place(
            estimates.compared_matrices(EvaluateRecommendersSettings(algorithms=names), sizes)
        )
        for names in (("item_knn",), ("item_knn", "ease"))
    )
    assert alone["driver"] == pytest.approx(estimates.PYTHON_MB + 40 * 4000**2 / 2**20)
    # EASE's matrices of two penalties are kept.
    assert both["driver"] == pytest.approx(alone["driver"] + 2 * 4 * 4000**2 / 2**20)


def test_factors_are_as_long_as_the_newest_models(
    spark: SparkSession, sizes_of: Callable[..., Sizes]
) -> None:
    sizes, step = sizes_of((ITEM_FACTORS, 10**7)), STEPS["recommend_als"]
    assert step.needs is not None
    before = needs_by_place(step.needs(RecommendAlsSettings(), sizes))
    trained = [
        ("als", run_id, at, TrainAlsSettings(rank=rank).model_dump_json(), "{}", [], 0, 0)
        for run_id, at, rank in (
            ("old", datetime(2026, 1, 1), 64),
            ("new", datetime(2026, 2, 1), 8),
            ("by a clock that was wrong", datetime(2100, 1, 1), 100),
        )
    ]
    sizes.tables.overwrite(MODELS, spark.createDataFrame(trained, MODELS.schema))
    after = needs_by_place(step.needs(RecommendAlsSettings(), sizes))
    assert before["worker"] - after["worker"] == pytest.approx(4 * (64 - 8) * 10**7 / 2**20)


@pytest.mark.parametrize(
    ("personal", "cell_bytes"),
    [(Ease(max_items=9000), 44), (ItemKnn(max_items=9000), 40), (AlsRecommender(), None)],
)
def test_a_blend_needs_what_its_personal_model_does(
    spark: SparkSession, tmp_path: Path, personal: PersonalRecommender, cell_bytes: float | None
) -> None:
    at = datetime(2026, 1, 1), datetime(2026, 1, 2)
    chosen = ("r", "blend", 0, Blend(personal).settings(), "w", *at, "ndcg", 10, 0.5, 3, True)
    evaluated = Tables(spark, Location(root=str(tmp_path)), Run("evaluate_recommenders", "r"))
    rows = spark.createDataFrame([chosen], MODEL_TRIALS.schema)
    evaluated.overwrite(MODEL_TRIALS, rows, facts={"split": "time"})
    sizes = Sizes(Tables(spark, evaluated.location, Run("recommend_blend", "r")))
    step = STEPS["recommend_blend"]
    assert step.needs is not None
    needs = needs_by_place(step.needs(RecommendBlendSettings(), sizes))
    most = cell_bytes and pytest.approx(estimates.PYTHON_MB + cell_bytes * 9000**2 / 2**20)
    assert needs.get("driver") == most


def test_pairs_are_no_more_than_their_limit(sizes_of: Callable[..., Sizes]) -> None:
    settings = ComputeDistancesSettings(mode="all_pairs", max_pairs=1000)
    found = estimates.distances(settings, sizes_of((CUSTOMERS, 10**6)))
    assert set(found.values()) == {1000}


def test_few_users_make_few_workers_whatever_the_cores(sizes_of: Callable[..., Sizes]) -> None:
    (few, _), (many, _) = (
        estimates.matrix_search(RecommendKnnSettings(), sizes_of((USER_INDEX, n), (USER_ITEM, n)))
        for n in (100, 100_000)
    )
    assert (few.at_once, many.at_once) == (1, 16)
    check_memory("recommend_knn", (few,), {"worker": Limit(4000, n=16)})
    with pytest.raises(ConfigError, match=r"let fewer run at once"):
        check_memory("recommend_knn", (many,), {"worker": Limit(4000, n=16)})
