from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS
from cxspark.contracts.table import Table
from cxspark.neighbors.settings import RecommendKnnSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.recommend_knn import STEP

Cell = tuple[str, str, float, int, datetime, datetime]
START = datetime(2026, 1, 1)


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, "r1"))


def write_matrix(spark: SparkSession, folder: Path, cells: list[Cell]) -> None:
    tables = tables_at(spark, folder)
    tables.overwrite(USER_ITEM, spark.createDataFrame(cells, USER_ITEM.schema))


def content(spark: SparkSession, folder: Path, table: Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in tables_at(spark, folder).read(table).collect())


def random_cells(seed: int) -> list[Cell]:
    rng = np.random.default_rng(seed)
    cells = []
    for user in range(50):
        for item in rng.choice(20, rng.integers(1, 7), replace=False):
            last_at = START + timedelta(days=int(rng.integers(0, 30)))
            weight = float(rng.integers(-1, 3))
            cells.append((f"u{user}", f"i{item}", weight, 1, START, last_at))
    return cells


def expected(cells: list[Cell], k: int, n: int) -> tuple[list[tuple], list[tuple]]:
    """Neighbours and recommendations as the definitions say, user by user."""
    has, likes, last_at = defaultdict(set), defaultdict(dict), {}
    for user, item, weight, _, _, at in cells:
        has[user].add(item)
        if weight > 0:
            likes[user][item], last_at[user, item] = weight, at
    since = max(last_at.values()) - timedelta(days=7)
    users = Counter(item for _, item in last_at)
    recent = Counter(item for (_, item), at in last_at.items() if at >= since)
    neighbors, picks = [], []
    for user, items in has.items():
        near = sorted(
            (
                sum((likes[user].get(i, 0) - row.get(i, 0)) ** 2 for i in {*row, *likes[user]})
                ** 0.5,
                v,
            )
            for v, row in list(likes.items())
            if v != user and row and likes[user]
        )[:k]
        scores: Counter[str] = Counter()
        for _, other in near:
            scores.update({item: w for item, w in likes[other].items() if item not in items})
        best = sorted(scores, key=lambda item: (-scores[item], -users[item], item))[:n]
        free = (item for item in users if item not in items and item not in best)
        more = sorted(free, key=lambda item: (-recent[item], -users[item], item))[: n - len(best)]
        neighbors += [(user, rank, v, d) for rank, (d, v) in enumerate(near, 1)]
        picks += [
            (user, rank, item, scores[item], [(v, d) for d, v in near if item in likes[v]])
            for rank, item in enumerate(best, 1)
        ]
        picks += [
            (user, rank, item, recent[item], [(item, None)])
            for rank, item in enumerate(more, len(best) + 1)
        ]
    return sorted(neighbors), sorted(picks)


@pytest.mark.parametrize("broadcast", [True, False])
def test_the_job_gives_what_the_definitions_say_and_the_same_again(
    spark: SparkSession, tmp_path: Path, broadcast: bool
) -> None:
    cells = random_cells(1)
    write_matrix(spark, tmp_path, cells)
    settings = RecommendKnnSettings(k=4, n=6, block_rows=20, broadcast=broadcast)
    STEP.run(spark, settings, tables_at(spark, tmp_path))
    neighbors = content(spark, tmp_path, USER_NEIGHBORS)
    picks = content(spark, tmp_path, RECOMMENDATIONS)
    wanted_neighbors, wanted_picks = expected(cells, 4, 6)
    assert [row[1:5] for row in neighbors] == wanted_neighbors
    assert [
        (*row[1:5], [(reason["id"], reason["distance"]) for reason in row[6]]) for row in picks
    ] == wanted_picks
    STEP.run(spark, settings, tables_at(spark, tmp_path))
    assert content(spark, tmp_path, USER_NEIGHBORS) == neighbors
    assert content(spark, tmp_path, RECOMMENDATIONS) == picks


def test_another_algorithms_rows_stay_and_old_ones_go(spark: SparkSession, tmp_path: Path) -> None:
    cell = ("i1", 1.0, 1, START, START)
    write_matrix(spark, tmp_path, [("a", *cell), ("b", *cell), ("gone", *cell)])
    other = [("item_knn", "a", 1, "b", 0.5, "cosine")]
    tables = tables_at(spark, tmp_path)
    tables.overwrite(USER_NEIGHBORS, spark.createDataFrame(other, USER_NEIGHBORS.schema))
    STEP.run(spark, RecommendKnnSettings(), tables_at(spark, tmp_path))
    write_matrix(spark, tmp_path, [("a", *cell), ("b", *cell)])
    STEP.run(spark, RecommendKnnSettings(), tables_at(spark, tmp_path))
    assert content(spark, tmp_path, USER_NEIGHBORS) == [
        ("item_knn", "a", 1, "b", 0.5, "cosine"),
        ("user_knn", "a", 1, "b", 0.0, "euclidean"),
        ("user_knn", "b", 1, "a", 0.0, "euclidean"),
    ]


def test_an_empty_matrix_gives_empty_tables(spark: SparkSession, tmp_path: Path) -> None:
    write_matrix(spark, tmp_path, [])
    STEP.run(spark, RecommendKnnSettings(), tables_at(spark, tmp_path))
    assert content(spark, tmp_path, USER_NEIGHBORS) == []
    assert content(spark, tmp_path, RECOMMENDATIONS) == []
