from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from sklearn.datasets import load_wine

from cxspark.contracts.classes import CLASSES, CONFUSIONS
from cxspark.contracts.errors import ContractError
from cxspark.contracts.features import CUSTOMERS
from cxspark.neighbors.settings import ClassifyKnnSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.classify_knn import STEP, accuracies


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, "r1"))


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wines, every tenth without its kind, and one that lacks a number."""
    folder: Path = tmp_path_factory.mktemp("classify")
    data = load_wine()
    rows = []
    for number, (values, kind) in enumerate(zip(data.data.tolist(), data.target, strict=True)):
        numbers = dict(zip(data.feature_names, values, strict=True))
        categories = {} if number % 10 == 0 else {"kind": f"kind {kind}"}
        rows.append(("wine", f"w{number:03d}", numbers, categories, "l", number + 1))
    rows.append(("wine", "w999", {"alcohol": 12.0}, {"kind": "kind 0"}, "l", 999))
    tables_at(spark, folder).overwrite(CUSTOMERS, spark.createDataFrame(rows, CUSTOMERS.schema))
    return folder


def test_who_has_no_kind_is_told_one_and_both_ways_of_judging_agree_with_the_table(
    spark: SparkSession, folder: Path
) -> None:
    tables = tables_at(spark, folder)
    settings = ClassifyKnnSettings(label="kind", block_rows=64)
    STEP.run(spark, settings, tables)
    reader = tables_at(spark, folder)
    classes, confusions = (reader.read(table).collect() for table in (CLASSES, CONFUSIONS))
    by_protocol = {
        name: [row for row in classes if row["protocol"] == name]
        for name in ("applied", "leave_one_out", "held_out")
    }
    assert {name: len(rows) for name, rows in by_protocol.items() if name != "held_out"} == {
        "applied": 18,
        "leave_one_out": 160,
    }
    truth = [f"kind {kind}" for kind in load_wine().target[::10]]
    told = sorted(by_protocol["applied"], key=lambda row: row["user_id"])
    assert sum(row["predicted"] == kind for row, kind in zip(told, truth, strict=True)) >= 17
    assert all(sum(row["probabilities"].values()) == pytest.approx(1.0) for row in classes)
    assert {row["protocol"] for row in confusions} == {"leave_one_out", "held_out"}
    shares = accuracies(confusions)
    for name, share in shares.items():
        rows = by_protocol[name]
        assert share == sum(row["actual"] == row["predicted"] for row in rows) / len(rows)
    assert shares["leave_one_out"] > 0.95
    assert shares["held_out"] > 0.9
    assert any("1 customers of wine left out of those who vote" in w for w in tables.run.warnings)


def test_a_label_of_no_customer_is_refused(spark: SparkSession, folder: Path) -> None:
    with pytest.raises(ContractError, match="a feature named colour"):
        STEP.run(spark, ClassifyKnnSettings(label="colour"), tables_at(spark, folder))
