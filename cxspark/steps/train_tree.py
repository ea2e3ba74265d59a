"""Grow a decision tree that tells a label, and write its rules, predictions and quality."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS
from cxspark.contracts.table import Table
from cxspark.contracts.trees import (
    TREE_CURVE,
    TREE_METRICS,
    TREE_PREDICTIONS,
    TREE_RULES,
    TREE_TRIALS,
)
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.features import chosen_table, read_features
from cxspark.trees.classes import TEST
from cxspark.trees.readable_tree import ReadableTree
from cxspark.trees.settings import TrainTreeSettings
from cxspark.trees.tables import Cells, curve_rows, metric_rows, rule_rows, trial_rows


def run(spark: SparkSession, settings: TrainTreeSettings, tables: Tables) -> None:
    """Fit, follow every customer to a leaf, write this source's and label's rows."""
    tables.watch(*STEP.writes)
    features = read_features(tables, settings.features, label=settings.label)
    tree = ReadableTree(settings).fit(features.rows, features.names)
    whose = (features.source, settings.label)
    predictions = tree.predict(features.rows).select(
        F.lit(whose[0]).alias("source"), F.lit(whose[1]).alias("label"), "*"
    )
    ours = f"source = {quoted(whose[0])} AND label = {quoted(whose[1])}"

    def rows(table: Table, cells: Iterable[Cells]) -> DataFrame:
        return spark.createDataFrame([(*whose, *row) for row in cells], table.schema)

    def write(
        table: Table, frame: DataFrame, facts: Mapping[str, Any] | None = None
    ) -> Callable[[], None]:
        return partial(tables.overwrite, table, frame, where=ours, part=ours, facts=facts)

    metrics = list(metric_rows(tree))
    of_test = {str(row[2]): row[3] for row in metrics if row[:2] == (TEST, "tree")}

    tables.side_by_side(
        write(TREE_PREDICTIONS, predictions),
        write(TREE_RULES, rows(TREE_RULES, rule_rows(tree))),
        write(TREE_CURVE, rows(TREE_CURVE, curve_rows(tree))),
        write(TREE_METRICS, rows(TREE_METRICS, metrics), of_test),
        write(TREE_TRIALS, rows(TREE_TRIALS, trial_rows(tree))),
    )


STEP = Step(
    name="train_tree",
    summary="customers' features -> a decision tree: rules, predictions with their paths, quality",
    settings=TrainTreeSettings,
    reads=(CUSTOMERS,),
    writes=(TREE_PREDICTIONS, TREE_RULES, TREE_CURVE, TREE_METRICS, TREE_TRIALS),
    optional=(CUSTOMER_FEATURES,),
    inputs=chosen_table,
    run=run,
    rows=estimates.row_for_customer(TREE_PREDICTIONS),
)
