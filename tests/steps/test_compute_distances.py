import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.errors import ConfigError
from cxspark.contracts.features import CUSTOMERS
from cxspark.distance.settings import ComputeDistancesSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.compute_distances import STEP

SIX = {
    "C1": (100.0, 10.0),
    "C2": (150.0, 15.0),
    "C3": (200.0, 20.0),
    "D1": (120.0, 12.0),
    "D2": (180.0, 18.0),
    "D3": (220.0, 22.0),
}
# From each of C1, C2, C3 to D1, D2, D3.
BETWEEN = [
    [20.0998, 80.3990, 120.5985],
    [30.1496, 30.1496, 70.3491],
    [80.3990, 20.0998, 20.0998],
]
PAIRS = {
    (f"C{c}", f"D{d}"): distance
    for c, row in enumerate(BETWEEN, 1)
    for d, distance in enumerate(row, 1)
}


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The six, with one who lacks a value, and another source of one customer."""
    folder: Path = tmp_path_factory.mktemp("distances")
    rows = [
        ("six", name, {"amount": amount, "count": count}, {"list": name[0]}, "l", number)
        for number, (name, (amount, count)) in enumerate(SIX.items(), 1)
    ]
    rows.append(("six", "E", {"amount": 1.0}, {}, "l", 7))
    rows.append(("one", "F", {"amount": 100.0, "count": 10.0}, {}, "m", 1))
    customers = spark.createDataFrame(rows, CUSTOMERS.schema)
    tables_at(spark, folder).overwrite(CUSTOMERS, customers)
    return folder


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, "r1"))


def computed(
    spark: SparkSession, folder: Path, **settings: object
) -> tuple[dict[tuple[str, str], tuple[float, int | None]], list[str]]:
    """(from, to) -> (distance, rank) of the job's own rows, and its warnings."""
    tables = tables_at(spark, folder)
    chosen = ComputeDistancesSettings(features={"source": "six"}, **settings)
    STEP.run(spark, chosen, tables)
    rows = [
        row
        for row in tables_at(spark, folder).read(DISTANCES).collect()
        if (row["mode"], row["metric"], row["scale"]) == (chosen.mode, chosen.metric, chosen.scale)
    ]
    found = {(row["from_id"], row["to_id"]): (row["distance"], row["rank"]) for row in rows}
    assert len(found) == len(rows)
    return found, tables.run.warnings


def test_all_pairs_once_each_and_who_lacks_a_value_is_told(
    spark: SparkSession, folder: Path
) -> None:
    found, warnings = computed(spark, folder, mode="all_pairs", block_rows=2)
    assert set(found) == set(combinations(SIX, 2))
    assert {pair: round(found[pair][0], 4) for pair in PAIRS} == PAIRS
    assert warnings == ["1 customers of six left out: they lack a value of amount, count"]


@pytest.mark.parametrize(
    "others", [{"users": ["D1", "D2", "D3"]}, {"category": "list", "value": "D"}]
)
def test_between_a_list_and_the_rest(
    spark: SparkSession, folder: Path, others: dict[str, object]
) -> None:
    found, _ = computed(spark, folder, mode="between", others=others)
    assert {pair: round(distance, 4) for pair, (distance, _) in found.items()} == PAIRS


def test_between_two_sources(spark: SparkSession, folder: Path) -> None:
    found, _ = computed(spark, folder, mode="between", others={"source": "one"})
    assert set(found) == {(name, "F") for name in SIX}
    assert found["C1", "F"] == (0.0, None)


def test_to_the_mean_of_a_group_and_of_all(spark: SparkSession, folder: Path) -> None:
    found, warnings = computed(spark, folder, mode="to_mean", group_by="list")
    assert warnings == ["1 customers of six left out: their list isn't known"]
    unit = math.hypot(10, 1)
    assert found["C2", "C"][0] == pytest.approx(0.0, abs=1e-12)
    assert found["D1", "D"][0] == pytest.approx(unit * (520 / 3 - 120) / 10)
    assert len(found) == 6
    found, _ = computed(spark, folder, mode="to_mean", scale="standard")
    amounts = np.array([amount for amount, _ in SIX.values()])
    apart = abs(amounts - amounts.mean()) / amounts.std() * math.sqrt(2)
    assert [found[name, "all"][0] for name in SIX] == pytest.approx(apart.tolist())


def test_the_nearest_with_ties_by_id(spark: SparkSession, folder: Path) -> None:
    found, _ = computed(spark, folder, mode="nearest", k=2)
    near = {(one, rank): other for (one, other), (_, rank) in found.items()}
    assert (near["C3", 1], near["C3", 2]) == ("D2", "D3")
    assert (near["C2", 1], near["C2", 2]) == ("D1", "D2")
    assert len(near) == 12


def test_mahalanobis_refuses_customers_on_one_line_and_a_ridge_helps(
    spark: SparkSession, folder: Path
) -> None:
    with pytest.raises(ConfigError, match=r"(count follows from amount|amount follows from count)"):
        computed(spark, folder, mode="all_pairs", metric="mahalanobis")
    found, _ = computed(spark, folder, mode="all_pairs", metric="mahalanobis", ridge=0.1)
    covariance = np.cov(np.array(list(SIX.values())).T)
    mended = covariance + 0.1 * np.trace(covariance) / 2 * np.eye(2)
    apart = np.subtract(SIX["C1"], SIX["D3"])
    expected = math.sqrt(apart @ np.linalg.inv(mended) @ apart)
    assert found["C1", "D3"][0] == pytest.approx(expected)


def test_too_many_pairs_are_refused_with_their_number_and_a_way_out(
    spark: SparkSession, folder: Path
) -> None:
    with pytest.raises(ConfigError, match=r"at most 14 rows .* found 15 pairs; .*mode=nearest"):
        computed(spark, folder, mode="all_pairs", max_pairs=14)


def test_a_category_that_is_not_there_is_named(spark: SparkSession, folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"a category: list; found plan"):
        computed(spark, folder, mode="to_mean", group_by="plan")


def test_a_second_set_of_nobody_is_refused(spark: SparkSession, folder: Path) -> None:
    with pytest.raises(ConfigError, match="found 6 in the first, 0 in the second"):
        computed(spark, folder, mode="between", others={"category": "list", "value": "d"})


@pytest.mark.parametrize("others", [{}, {"users": ["a"], "source": "b"}, {"category": "a"}])
def test_a_second_set_is_named_in_one_way(others: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either source, or users, or category and value"):
        ComputeDistancesSettings(mode="between", others=others)
    with pytest.raises(ValueError, match="between needs it"):
        ComputeDistancesSettings(mode="between")
