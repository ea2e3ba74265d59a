import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from aging import age
from pyspark.sql import Row, SparkSession

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.factors import ITEM_AVAILABILITY, ITEM_FACTORS, MODELS, USER_FACTORS
from cxspark.contracts.preferences import ITEM_INDEX, RECOMMENDATIONS, USER_INDEX, USER_ITEM
from cxspark.contracts.table import Table
from cxspark.factorization.settings import RecommendAlsSettings, TrainAlsSettings
from cxspark.runtime.care import set_retention
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps import recommend_als, train_als

DAY = datetime(2026, 1, 1)
# Ids that no integer of 32 bits holds.
USERS = [str(10**12 + number) for number in range(25)]
ITEMS = [f"{10**15 + number}" for number in range(12)]
Weights = dict[tuple[str, str], float]


def tables_at(spark: SparkSession, folder: Path, run_id: str = "r1") -> Tables:
    return Tables(spark, Location(root=str(folder)), Run("als", run_id))


def write_matrix(spark: SparkSession, folder: Path, weights: Weights) -> None:
    cells = [(*key, weight, 1, DAY, DAY) for key, weight in weights.items()]
    tables_at(spark, folder).overwrite(USER_ITEM, spark.createDataFrame(cells, USER_ITEM.schema))


def content(spark: SparkSession, folder: Path, table: Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in tables_at(spark, folder).read(table).collect())


@pytest.fixture(scope="module")
def weights() -> Weights:
    rng = np.random.default_rng(2)
    return {
        (user, item): float(rng.integers(1, 5))
        for user in USERS
        for item in rng.choice(ITEMS[:10], rng.integers(2, 5), replace=False)
    }


@pytest.fixture(scope="module")
def trained(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, weights: Weights
) -> Path:
    """Tables with a model; then come users and items that it hasn't."""
    folder = tmp_path_factory.mktemp("als")
    tables = tables_at(spark, folder)
    for ids, table in ((USERS, USER_INDEX), (ITEMS, ITEM_INDEX)):
        indexed = [(one, index) for index, one in enumerate(ids)]
        tables.overwrite(table, spark.createDataFrame(indexed, table.schema))
    write_matrix(spark, folder, weights)
    settings = TrainAlsSettings(rank=3, reg=0.02, alpha=2.0, iterations=3, blocks=2)
    train_als.STEP.run(spark, settings, tables_at(spark, folder))
    more = {
        ("new", ITEMS[0]): 2.0,
        ("new", ITEMS[1]): -1.0,
        ("new", ITEMS[11]): 5.0,
        ("returns", ITEMS[2]): -1.0,
        ("stranger", ITEMS[11]): 1.0,
    }
    write_matrix(spark, folder, weights | more)
    return folder


def recommended(
    spark: SparkSession, folder: Path, settings: RecommendAlsSettings
) -> dict[str, list[tuple[object, ...]]]:
    recommend_als.STEP.run(spark, settings, tables_at(spark, folder))
    found: dict[str, list[tuple[object, ...]]] = {}
    for _, user, *rest in content(spark, folder, RECOMMENDATIONS):
        found.setdefault(user, []).append(tuple(rest))
    return found


def test_a_models_row_says_what_it_was_made_of(
    spark: SparkSession, trained: Path, weights: Weights
) -> None:
    users, items = (content(spark, trained, table) for table in (USER_FACTORS, ITEM_FACTORS))
    assert [row[1:3] for row in users] == [(user, index) for index, user in enumerate(USERS)]
    assert {len(row[-1]) for row in users + items} == {3}
    held = [item for _, item in weights]
    assert [row[1:5] for row in items] == [
        (item, ITEMS.index(item), held.count(item), held.count(item)) for item in sorted(set(held))
    ]
    (row,) = tables_at(spark, trained).read(MODELS).collect()
    assert (row["algorithm"], row["run_id"]) == ("als", "r1")
    assert json.loads(row["settings"])["alpha"] == 2.0
    assert json.loads(row["metrics"]) == {
        "n_cells": len(weights),
        "n_users": 25,
        "n_items": len(items),
    }
    assert {(one["table"], one["n_rows"]) for one in row["inputs"]} == {
        ("gold.user_item", len(weights)),
        ("gold.user_index", 25),
        ("gold.item_index", 12),
    }


def test_everyone_gets_what_the_definitions_say_and_the_same_again(
    spark: SparkSession, trained: Path, weights: Weights
) -> None:
    settings = RecommendAlsSettings(n=4, n_reasons=2, block_users=8)
    found = recommended(spark, trained, settings)
    assert set(found) == {*USERS, "new", "returns", "stranger"}
    users = {row[1]: np.array(row[-1]) for row in content(spark, trained, USER_FACTORS)}
    items = {row[1]: np.array(row[-1]) for row in content(spark, trained, ITEM_FACTORS)}
    n_users = {row[1]: row[3] for row in content(spark, trained, ITEM_FACTORS)}
    # The equations of a user who has one item that counts, and one that she doesn't want.
    left = sum(np.outer(y, y) for y in items.values()) + 0.02 * np.eye(3)
    left += 4 * np.outer(items[ITEMS[0]], items[ITEMS[0]])
    left += 2 * np.outer(items[ITEMS[1]], items[ITEMS[1]])
    users["new"] = np.linalg.solve(left, 5 * items[ITEMS[0]])
    has = {user: {item for owner, item in weights if owner == user} for user in USERS}
    has["new"] = {ITEMS[0], ITEMS[1]}
    for user, vector in users.items():
        scores = {item: vector @ y for item, y in items.items() if item not in has[user]}
        best = sorted(scores, key=lambda item: -scores[item])[:4]
        assert [row[1] for row in found[user]] == best
        np.testing.assert_allclose(
            [row[2] for row in found[user]], [scores[item] for item in best], rtol=1e-5, atol=1e-6
        )
        for rank, (place, _, score, origin, reasons) in enumerate(found[user], 1):
            assert (place, origin) == (rank, "fold_in" if user == "new" else "model")
            assert sum(reason["contribution"] for reason in reasons) == pytest.approx(score)
            told = [reason for reason in reasons if reason["kind"] == "item"]
            assert len(told) == (1 if user == "new" else 2)
            assert {reason["id"] for reason in told} <= has[user]
            assert (len(has[user]) > 2 or user == "new") or len(reasons) == 2
    popular = sorted(n_users, key=lambda item: (-n_users[item], item))
    for user, own in (("returns", ITEMS[2]), ("stranger", ITEMS[11])):
        wanted = [item for item in popular if item != own][:4]
        assert [row[1:4] for row in found[user]] == [
            (item, float(n_users[item]), "popular") for item in wanted
        ]
        assert [tuple(row[4][0]) for row in found[user]] == [
            ("popularity", item, None, float(n_users[item])) for item in wanted
        ]
    assert recommended(spark, trained, settings) == found


def test_what_was_read_is_the_models_own_versions_with_their_rows(
    spark: SparkSession, trained: Path
) -> None:
    tables = tables_at(spark, trained, "r2")
    recommend_als.STEP.run(spark, RecommendAlsSettings(n=4), tables)
    (model,) = tables.read(MODELS).collect()
    read = {one.table: (one.version, one.n_rows) for one in tables.counted_inputs()}
    items = content(spark, trained, ITEM_FACTORS)
    assert read[ITEM_FACTORS.name] == (model["item_factors_version"], len(items))


def test_factors_that_table_care_has_merged_long_ago_are_still_the_models(
    spark: SparkSession, trained: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(trained, folder)
    set_retention(tables_at(spark, folder), ITEM_FACTORS, hours=168, log_days=40)
    age(spark, folder / "gold" / "item_factors", hours=200)
    recommend_als.STEP.run(spark, RecommendAlsSettings(n=3), tables_at(spark, folder))
    assert {row[1] for row in content(spark, folder, RECOMMENDATIONS)} >= set(USERS)


def test_factors_that_were_replaced_long_ago_are_missed(
    spark: SparkSession, trained: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(trained, folder)
    tables = tables_at(spark, folder)
    tables.overwrite(ITEM_FACTORS, tables.read(ITEM_FACTORS).limit(2))
    age(spark, folder / "gold" / "item_factors", hours=200)
    with pytest.raises(ContractError, match=r"gold.item_factors: expected version .* run the job"):
        recommend_als.STEP.run(spark, RecommendAlsSettings(n=3), tables_at(spark, folder))


def test_what_may_not_be_given_is_not_and_all_reasons_are_told(
    spark: SparkSession, trained: Path
) -> None:
    before, after = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    limits = [(ITEMS[5], after, None), (ITEMS[6], None, before), (ITEMS[7], before, after)]
    tables = tables_at(spark, trained)
    tables.overwrite(ITEM_AVAILABILITY, spark.createDataFrame(limits, ITEM_AVAILABILITY.schema))
    settings = RecommendAlsSettings(
        allow=tuple(ITEMS[3:9]), deny=(ITEMS[3],), at=before, n_reasons=None, fold_in="all"
    )
    found = recommended(spark, trained, settings)
    given = {row[1] for rows in found.values() for row in rows}
    assert given == {ITEMS[4], ITEMS[7], ITEMS[8]}
    assert {row[3] for user in USERS for row in found.get(user, [])} == {"fold_in"}
    reasons = [row for user in USERS for row in found.get(user, [])]
    assert all({reason["kind"] for reason in row[4]} == {"item"} for row in reasons)
    assert all(
        sum(reason["contribution"] for reason in row[4]) == pytest.approx(row[2], abs=1e-5)
        for row in reasons
    )


def test_where_rows_have_become_more_so_have_users(spark: SparkSession, tmp_path: Path) -> None:
    write_matrix(spark, tmp_path, {("u", item): 1.0 for item in ITEMS[:6]})
    inputs = [{"table": "gold.user_index", "n_rows": 1}, {"table": "gold.user_item", "n_rows": 2}]
    trained = Row(metrics='{"n_users": 10}', inputs=inputs)
    found = recommend_als.users_now(trained, TrainAlsSettings(), tables_at(spark, tmp_path))
    assert found == 30


def test_an_empty_matrix_and_a_missing_model_are_told(spark: SparkSession, tmp_path: Path) -> None:
    tables = tables_at(spark, tmp_path)
    for table in (USER_INDEX, ITEM_INDEX, USER_ITEM, MODELS):
        tables.create(table)
    with pytest.raises(ContractError, match="indexed cells: expected at least a positive value"):
        train_als.STEP.run(spark, TrainAlsSettings(rank=2), tables_at(spark, tmp_path))
    with pytest.raises(ContractError, match="run train_als first"):
        recommend_als.STEP.run(spark, RecommendAlsSettings(), tables_at(spark, tmp_path))


def test_many_iterations_need_a_place_for_checkpoints(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"train_als.iterations: .*; found 31; to do: set it"):
        train_als.STEP.run(spark, TrainAlsSettings(iterations=31), tables_at(spark, tmp_path))
