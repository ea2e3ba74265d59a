"""What the report tells of features and trees, collected."""

from pyspark.sql import functions as F

from cxspark.contracts.table import Table
from cxspark.contracts.trees import FEATURES_GAIN, TREE_CURVE, TREE_METRICS, TREE_RULES
from cxspark.report.studies import Study, group_studies
from cxspark.runtime.tables import Tables

STUDY_TABLES: tuple[Table, ...] = (FEATURES_GAIN, TREE_RULES, TREE_CURVE, TREE_METRICS)


def collect_studies(tables: Tables) -> list[Study]:
    """All labels of all sources that features were ranked or a tree was grown for.

    Cost: four small tables, collected: rows per feature, leaf, threshold and metric.
    """
    gains, rules, curve, metrics = (tables.read_or_empty(table) for table in STUDY_TABLES)
    of_test = F.col("part") == "test"
    return group_studies(
        gains.orderBy("source", "label", "rank").collect(),
        rules.orderBy("source", "label", "leaf").collect(),
        curve.where(of_test).orderBy("source", "label", F.desc("threshold")).collect(),
        metrics.where(of_test).orderBy("source", "label", "metric", "model").collect(),
    )
