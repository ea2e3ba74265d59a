"""What is known of two real data sets must come out: online shoppers, and a bank's customers."""

from pathlib import Path

import pytest
from customer_sources import take_in
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.features import FeatureChoice
from cxspark.contracts.table import Table
from cxspark.contracts.trees import FEATURES_GAIN, TREE_CURVE, TREE_METRICS, TREE_RULES
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps import rank_features, train_tree
from cxspark.trees.settings import RankFeaturesSettings, TrainTreeSettings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.usefixtures("generated_code"),
]

SHOPPERS, BANK = "online_shoppers", "bank_churners"
LABELS = {SHOPPERS: ("Revenue", "TRUE"), BANK: ("Attrition_Flag", "Attrited Customer")}


class Runs:
    """Both jobs on both sources, in one place."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.spark = spark
        self.root = root

    def tables(self, job: str) -> Tables:
        return Tables(self.spark, Location(root=str(self.root)), Run(job, "r1"))

    def learn(self, source: str) -> None:
        label, event = LABELS[source]
        whose = {"features": FeatureChoice(source=source), "label": label}
        rank_features.run(
            self.spark, RankFeaturesSettings(**whose), self.tables(rank_features.STEP.name)
        )
        settings = TrainTreeSettings(
            **whose, event=event, cost_false_negative=5.0, depths=(4,), min_leaf_rows=(50,)
        )
        train_tree.run(self.spark, settings, self.tables(train_tree.STEP.name))

    def rows(self, table: Table, source: str, order: str) -> list[Row]:
        found = self.tables("reader").read(table).where(F.col("source") == source)
        return found.orderBy(order).collect()

    def metric(self, source: str, model: str, metric: str) -> Row:
        (row,) = (
            row
            for row in self.rows(TREE_METRICS, source, "metric")
            if (row["part"], row["model"], row["metric"]) == ("test", model, metric)
        )
        return row


@pytest.fixture(scope="module")
def runs(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    runs = Runs(spark, tmp_path_factory.mktemp("trees"))
    take_in(spark, runs.root, data, SHOPPERS)
    # The clients' numbers are among the features, to be known for what they are.
    take_in(spark, runs.root, data, BANK, user_id=None)
    for source in (SHOPPERS, BANK):
        runs.learn(source)
    return runs


def test_page_values_tell_most_of_who_buys(runs: Runs) -> None:
    rows = runs.rows(FEATURES_GAIN, SHOPPERS, "rank")
    assert (len(rows), {row["n_rows"] for row in rows}) == (17, {12_330})
    assert rows[0]["feature"] == "PageValues"
    # 1,908 of 12,330 sessions buy.
    assert rows[0]["entropy"] == pytest.approx(0.6219, abs=5e-4)
    assert all(row["is_exact"] for row in rows)


def test_transactions_tell_most_of_who_leaves_and_numbers_of_clients_are_known(runs: Runs) -> None:
    rows = {row["feature"]: row for row in runs.rows(FEATURES_GAIN, BANK, "rank")}
    assert {row["n_rows"] for row in rows.values()} == {10_127}
    assert {name for name, row in rows.items() if row["is_identifier"]} == {"CLIENTNUM"}
    by_gain = sorted(rows, key=lambda name: -rows[name]["gain"])
    assert by_gain[0] == "Total_Trans_Ct"
    assert not any(name.startswith("Naive") for name in rows)


@pytest.mark.parametrize(
    ("source", "n_rows", "share", "least"),
    [(SHOPPERS, 12_330, 0.1547, 0.55), (BANK, 10_127, 0.1607, 0.7)],
)
def test_the_tree_finds_events_far_better_than_chance(
    runs: Runs, source: str, n_rows: int, share: float, least: float
) -> None:
    tree = runs.metric(source, "tree", "average_precision")
    chance = runs.metric(source, "majority", "average_precision")
    assert tree["n_rows"] == pytest.approx(n_rows / 5, rel=0.1)
    assert chance["value"] == pytest.approx(share, abs=0.03)
    assert tree["value"] > least
    costs = [runs.metric(source, model, "cost_per_customer") for model in ("tree", "majority")]
    assert costs[0]["value"] < 0.7 * costs[1]["value"]


@pytest.mark.parametrize("source", [SHOPPERS, BANK])
def test_rules_hold_on_customers_that_were_not_learnt_from(runs: Runs, source: str) -> None:
    rules = runs.rows(TREE_RULES, source, "leaf")
    assert sum(row["share"] for row in rules) == pytest.approx(1)
    assert len(rules) > 3
    for row in rules:
        if row["n_test_rows"] >= 100:
            assert row["test_confidence"] == pytest.approx(row["confidence"], abs=0.12)


def test_the_chosen_threshold_stands_on_the_test_s_curve(runs: Runs) -> None:
    chosen = [row for row in runs.rows(TREE_CURVE, BANK, "part") if row["is_chosen"]]
    assert [row["part"] for row in chosen] == ["test", "validation"]
    assert chosen[0]["recall"] > 0.75
