from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from pyspark.sql import Row, SparkSession

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.features import CUSTOMERS, FeatureChoice
from cxspark.contracts.table import Table
from cxspark.contracts.trees import (
    TREE_CURVE,
    TREE_METRICS,
    TREE_PREDICTIONS,
    TREE_RULES,
    TREE_TRIALS,
)
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.analytics import collect_studies
from cxspark.steps.train_tree import STEP
from cxspark.trees.settings import TrainTreeSettings

N = 600
SMALL = {"depths": (2,), "min_leaf_rows": (10,)}


def customers(source: str) -> list[tuple]:
    """Who is old, or of Rome, or doesn't tell the age, buys; the rest doesn't; 20 aren't known."""
    rng = np.random.default_rng(5)
    rows = []
    for place in range(N):
        age, city = int(rng.integers(18, 80)), str(rng.choice(["Rome", "Oslo", "Bonn"]))
        known = bool(rng.random() > 0.1)
        buys = age > 70 or city == "Rome" or not known
        numbers = {"noise": float(rng.random()), "id": float(place)}
        numbers |= {"age": float(age)} if known else {}
        categories = {"city": city, "grade": "abc"[place % 3]}
        categories |= {} if place < 20 else {"buys": "yes" if buys else "no"}
        rows.append((source, f"u{place}", numbers, categories, "l", place))
    return rows


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    frame = spark.createDataFrame(customers("it's") + customers("b")[:40], CUSTOMERS.schema)
    tables_at(spark, folder).overwrite(CUSTOMERS, frame)
    settings = settings_of(event="yes", cost_false_negative=5.0, depths=(1, 3))
    STEP.run(spark, settings, tables_at(spark, folder))
    return folder


def settings_of(**values: object) -> TrainTreeSettings:
    chosen = {"label": "buys", "features": FeatureChoice(source="it's"), **SMALL, **values}
    return TrainTreeSettings.model_validate(chosen)


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, "r1"))


def content(spark: SparkSession, folder: Path, table: Table) -> list[Row]:
    return tables_at(spark, folder).read(table).orderBy(*table.key).collect()


def test_the_rules_tell_what_was_planted(spark: SparkSession, folder: Path) -> None:
    rules = content(spark, folder, TREE_RULES)
    sure = {row["path"]: row["predicted"] for row in rules if row["confidence"] == 1}
    assert sure["city is Rome"] == "yes"
    assert "yes" in {who for path, who in sure.items() if "age is unknown" in path}
    assert sum(row["share"] for row in rules) == pytest.approx(1)
    assert not any("noise" in row["path"] or "id" in row["path"].split() for row in rules)
    for row in rules:
        assert max(row["path"].count(name) for name in ("age", "city")) == 1
        assert row["event"] == "yes"
        expected = row["event_share"] if row["predicted"] == "yes" else 1 - row["event_share"]
        assert row["confidence"] == pytest.approx(expected)


def test_everyone_is_led_to_a_leaf_and_its_rule_holds(spark: SparkSession, folder: Path) -> None:
    rules = {row["leaf"]: row for row in content(spark, folder, TREE_RULES)}
    found = content(spark, folder, TREE_PREDICTIONS)
    assert len(found) == N
    assert Counter(row["part"] for row in found)["new"] == 20
    in_train = Counter(row["leaf"] for row in found if row["part"] == "train")
    assert in_train == {leaf: row["n_rows"] for leaf, row in rules.items()}
    for row in found:
        rule = rules[row["leaf"]]
        assert (row["path"], row["predicted"]) == (rule["path"], rule["predicted"])
        assert row["probability"] == pytest.approx(rule["confidence"])
        assert row["probabilities"]["yes"] == pytest.approx(rule["event_share"])
        assert (row["actual"] is None) == (row["part"] == "new")
    made = {user: (numbers, texts) for _, user, numbers, texts, *_ in customers("it's")}
    for row in found:
        numbers, categories = made[row["user_id"]]
        assert ("city is Rome" in row["path"]) == (categories["city"] == "Rome")
        if "age is unknown" in row["path"]:
            assert "age" not in numbers


def test_the_tree_is_measured_beside_the_majority(spark: SparkSession, folder: Path) -> None:
    found = {
        (row["part"], row["model"], row["metric"]): row
        for row in content(spark, folder, TREE_METRICS)
    }
    predictions = content(spark, folder, TREE_PREDICTIONS)
    test = [row for row in predictions if row["part"] == "test"]
    right = sum(row["actual"] == row["predicted"] for row in test) / len(test)
    tree = found["test", "tree", "accuracy"]
    assert (tree["value"], tree["n_rows"]) == (pytest.approx(right), len(test))
    n_events = sum(row["actual"] == "yes" for row in test)
    assert tree["n_events"] == n_events
    majority = found["test", "majority", "accuracy"]["value"]
    assert majority == pytest.approx(max(n_events, len(test) - n_events) / len(test))
    assert tree["value"] > majority
    share = found["test", "majority", "average_precision"]["value"]
    assert share == pytest.approx(n_events / len(test))


def test_the_threshold_is_chosen_on_validation_and_reported_on_the_test(
    spark: SparkSession, folder: Path
) -> None:
    points = content(spark, folder, TREE_CURVE)
    assert {row["part"] for row in points} == {"validation", "test"}
    (validation,), (test,) = (
        [row for row in points if row["part"] == part and row["is_chosen"]]
        for part in ("validation", "test")
    )
    assert validation["threshold"] == test["threshold"]
    assert validation["cost"] == min(p["cost"] for p in points if p["part"] == "validation")
    assert test["cost"] == (test["n_flagged"] - test["n_hits"]) + 5 * (
        test["n_events"] - test["n_hits"]
    )


def test_the_best_trial_is_the_tree(spark: SparkSession, folder: Path) -> None:
    trials = content(spark, folder, TREE_TRIALS)
    assert [(row["max_depth"], row["n_leaves"] > 1) for row in trials] == [(1, True), (3, True)]
    assert [row["is_chosen"] for row in trials] == [False, True]
    assert trials[1]["validation_value"] > trials[0]["validation_value"]
    assert len(content(spark, folder, TREE_RULES)) == trials[1]["n_leaves"]


def test_the_report_gets_what_was_found_on_the_test(spark: SparkSession, folder: Path) -> None:
    study = next(one for one in collect_studies(tables_at(spark, folder)) if one.label == "buys")
    assert (study.source, study.event, list(study.gains)) == ("it's", "yes", [])
    assert [row["leaf"] for row in study.rules] == list(range(len(study.rules)))
    assert {row["part"] for row in (*study.curve, *study.metrics)} == {"test"}
    assert study.chosen is not None
    assert next(name for name, *_ in study.beside) == "accuracy"


def test_three_classes_have_rules_and_no_curve(spark: SparkSession, folder: Path) -> None:
    STEP.run(spark, settings_of(label="city", class_weights="none"), tables_at(spark, folder))
    ours = [row for row in content(spark, folder, TREE_RULES) if row["label"] == "city"]
    assert ours
    assert {row["event"] for row in ours} == {None}
    assert "city" not in {row["label"] for row in content(spark, folder, TREE_CURVE)}
    assert {row["label"] for row in content(spark, folder, TREE_RULES)} == {"buys", "city"}


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"event": "maybe"}, ConfigError, "one of two classes; found maybe"),
        ({"class_weights": {"maybe": 2.0}}, ConfigError, "classes among no, yes; found maybe"),
        (
            {"train_share": 0.998, "validation_share": 0.001},
            ContractError,
            "found none to test in 580",
        ),
        (
            {"features": {"source": "it's", "categories": (), "numbers": ("id",)}},
            ConfigError,
            "at least one that tells something",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    spark: SparkSession, folder: Path, values: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        STEP.run(spark, settings_of(**values), tables_at(spark, folder))


def test_shares_must_leave_a_test() -> None:
    with pytest.raises(ValidationError, match="leave no customer for the test"):
        TrainTreeSettings(label="x", train_share=0.8, validation_share=0.2)
