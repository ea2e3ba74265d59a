"""ALS on engineered weights and on marks, from training to recommendations."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import Row, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.factors import ITEM_FACTORS, MODELS, USER_FACTORS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import ITEM_INDEX, RECOMMENDATIONS, USER_INDEX, USER_ITEM
from cxspark.contracts.table import Table
from cxspark.factorization.settings import RecommendAlsSettings, TrainAlsSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps import recommend_als, train_als

DAY = datetime(2026, 1, 1, tzinfo=UTC)
USERS, ITEMS = ["u0", "u1", "u2", "u3", "silent"], ["a", "b", "c", "d"]
Cell = tuple[str, str, float, float | None]  # user, item, weight, latest mark

CELLS: list[Cell] = [
    *(("u0", "a", 1.0, 5.0), ("u0", "b", 2.0, 1.0), ("u1", "a", 9.0, 4.0), ("u1", "c", 1.0, 2.0)),
    *(("u2", "b", 1.5, 5.0), ("u2", "d", 1.0, None), ("u3", "c", 0.5, 3.0), ("u3", "a", 2.0, 4.0)),
    *(("u3", "b", 1.0, None), ("u2", "a", 4.0, 4.5), ("silent", "a", 3.0, None)),
]


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run("als", "r1"))


def write(spark: SparkSession, folder: Path, cells: list[Cell]) -> None:
    """The dictionaries and the interactions; a matrix that must not be looked at."""
    tables = tables_at(spark, folder)
    for ids, table in ((USERS, USER_INDEX), (ITEMS, ITEM_INDEX)):
        indexed = [(one, index) for index, one in enumerate(ids)]
        tables.overwrite(table, spark.createDataFrame(indexed, table.schema))
    tables.create(USER_ITEM)
    write_interactions(spark, folder, cells)


def write_interactions(spark: SparkSession, folder: Path, cells: list[Cell]) -> None:
    counts = (1, 1, 0, 0, 0, 0)
    rows = [
        (user, item, *counts, None, mark, mark, mark and 0.0, 1.0, DAY, DAY, weight, weight, False)
        for user, item, weight, mark in cells
    ]
    tables_at(spark, folder).overwrite(
        INTERACTIONS, spark.createDataFrame(rows, INTERACTIONS.schema)
    )


def train(spark: SparkSession, folder: Path, **settings: Any) -> Row:
    how = TrainAlsSettings(
        weights_from="interactions", rank=2, reg=0.05, iterations=2, blocks=1, **settings
    )
    train_als.STEP.run(spark, how, tables_at(spark, folder))
    (row,) = tables_at(spark, folder).read(MODELS).collect()
    return row


def recommended(
    spark: SparkSession, folder: Path, said: list[str] | None = None
) -> dict[str, list[Row]]:
    settings = RecommendAlsSettings(n=4, n_reasons=None, fold_in="all", block_users=100)
    tables = tables_at(spark, folder)
    recommend_als.STEP.run(spark, settings, tables)
    if said is not None:
        said += tables.run.warnings
    found: dict[str, list[Row]] = {}
    for row in tables_at(spark, folder).read(RECOMMENDATIONS).orderBy("user_id", "rank").collect():
        found.setdefault(row["user_id"], []).append(row)
    return found


def factors(spark: SparkSession, folder: Path, table: Table, key: str) -> dict[str, Any]:
    rows = tables_at(spark, folder).read(table).collect()
    return {row[key]: np.array(row["factors"]) for row in rows}


def test_marks_are_met_by_who_gave_them_and_the_others_get_what_is_popular(
    spark: SparkSession, tmp_path: Path
) -> None:
    write(spark, tmp_path, CELLS)
    model = train(spark, tmp_path, implicit=False)
    assert json.loads(model["metrics"]) == {"n_cells": 8, "n_users": 4, "n_items": 3}
    assert json.loads(model["settings"])["weights_from"] == "interactions"
    assert ("gold.interactions", 11) in {(one["table"], one["n_rows"]) for one in model["inputs"]}
    items = factors(spark, tmp_path, ITEM_FACTORS, "item_id")
    said: list[str] = []
    found = recommended(spark, tmp_path, said)
    # u3 has all that the model knows, one item without a mark: nothing is left for her.
    assert set(found) == {"u0", "u1", "u2", "silent"}
    assert "1 users have no list: they have all that may be recommended" in said
    for user in ("u0", "u1", "u2"):
        marks = {item: mark for owner, item, _, mark in CELLS if owner == user and mark}
        left = sum(np.outer(items[item], items[item]) for item in marks)
        right = sum(mark * items[item] for item, mark in marks.items())
        hers = np.linalg.solve(left + 0.05 * len(marks) * np.eye(2), right)
        # What she has and gave no mark isn't recommended either.
        has = {item for owner, item, _, _ in CELLS if owner == user}
        scores = {item: hers @ y for item, y in items.items() if item not in has}
        assert {row["item_id"]: row["score"] for row in found[user]} == pytest.approx(
            scores, rel=1e-4, abs=1e-5
        )
    assert {(row["item_id"], row["origin"]) for row in found["silent"]} == {
        ("b", "popular"),
        ("c", "popular"),
    }


def test_weights_are_the_capped_ones(spark: SparkSession, tmp_path: Path) -> None:
    write(spark, tmp_path, CELLS)
    model = train(spark, tmp_path, alpha=2.0)
    assert json.loads(model["metrics"]) == {"n_cells": 11, "n_users": 5, "n_items": 4}
    items = factors(spark, tmp_path, ITEM_FACTORS, "item_id")
    # The last thing that a training does is to solve the users' equations.
    left = sum(np.outer(y, y) for y in items.values()) + 0.05 * np.eye(2)
    left += 2 * 3 * np.outer(items["a"], items["a"])
    hers = np.linalg.solve(left, (1 + 2 * 3) * items["a"])
    found = factors(spark, tmp_path, USER_FACTORS, "user_id")["silent"]
    np.testing.assert_allclose(found, hers, rtol=1e-4, atol=1e-5)


def test_without_any_mark_there_is_nothing_to_meet(spark: SparkSession, tmp_path: Path) -> None:
    write_interactions(spark, tmp_path, [(*cell[:3], None) for cell in CELLS])
    with pytest.raises(ContractError, match=r"gold\.interactions: expected marks.*map `rating`"):
        train(spark, tmp_path, implicit=False)
