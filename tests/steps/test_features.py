from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.features import CUSTOMERS, FeatureChoice, FeatureNames
from cxspark.runtime.config import Config
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.features import read_features
from cxspark.steps.graph import STEPS

ROWS = [
    ("bank", "u1", {"age": 40.0, "limit": 9.5}, {"churned": "no", "city": "Rome"}, "l", 1),
    ("bank", "u2", {"age": 30.0}, {"churned": "yes"}, "l", 2),
    ("bank", "u3", {"age": 20.0, "limit": 1.0}, {"city": "Oslo"}, "l", 3),
    ("shop", "u1", {"visits": 2.0}, {}, "m", 1),
]


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder: Path = tmp_path_factory.mktemp("features")
    tables = Tables(spark, Location(root=str(folder)), Run("test", "r1"))
    tables.overwrite(CUSTOMERS, spark.createDataFrame(ROWS, CUSTOMERS.schema))
    return tables


def test_all_features_by_name_without_the_label(tables: Tables) -> None:
    features = read_features(tables, FeatureChoice(source="bank"), label="churned")
    assert features.names == FeatureNames(("age", "limit"), ("city",))
    assert sorted(map(tuple, features.rows.collect())) == [
        ("u1", [40.0, 9.5], ["Rome"], "no"),
        ("u2", [30.0, None], [None], "yes"),
        ("u3", [20.0, 1.0], ["Oslo"], None),
    ]


def test_chosen_features_in_the_order_asked_for(tables: Tables) -> None:
    choice = FeatureChoice(source="bank", numbers=("limit", "age"), categories=())
    features = read_features(tables, choice)
    assert features.names == FeatureNames(("limit", "age"), ())
    assert {row["user_id"]: row["numbers"] for row in features.rows.collect()}["u1"] == [9.5, 40.0]


def test_features_left_out(tables: Tables) -> None:
    features = read_features(tables, FeatureChoice(source="bank", without=("limit", "churned")))
    assert features.names == FeatureNames(("age",), ("city",))


def test_a_number_can_be_the_label(tables: Tables) -> None:
    rows = read_features(tables, FeatureChoice(source="bank"), label="age").rows
    assert {row["label"] for row in rows.collect()} == {"40.0", "30.0", "20.0"}


def test_the_source_must_be_named_where_there_are_several(tables: Tables) -> None:
    with pytest.raises(ConfigError, match=r"one of bank, shop .* found None"):
        read_features(tables, FeatureChoice())


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"numbers": ("age", "height")}, "a number named height; found only age, limit;"),
        ({"categories": ("age",)}, "a category named age; found only churned, city;"),
        ({"without": ("heigth",)}, "a feature named heigth"),
    ],
)
def test_a_feature_that_is_not_there_is_named(tables: Tables, choice: dict, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        read_features(tables, FeatureChoice(source="bank", **choice))


def test_a_label_that_was_dropped_upstream_ends_with_3(tables: Tables) -> None:
    sections = {
        "environment": {"tables": {"root": tables.location.root}},
        "rank_features": {"label": "gone", "features": {"source": "bank"}},
    }
    steps = [STEPS["rank_features"]]
    (outcome,) = submit(steps, Config(sections, origin="test"), run_id="r")
    assert outcome.exit_code == 3
    assert "silver.customers: expected a feature named gone; found only" in str(outcome.error)
