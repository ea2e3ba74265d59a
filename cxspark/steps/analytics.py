"""What the jobs that look at customers found, collected for the report."""

from pyspark.sql import functions as F

from cxspark.contracts.classes import CONFUSIONS
from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.table import Table
from cxspark.contracts.trees import FEATURES_GAIN, TREE_CURVE, TREE_METRICS, TREE_RULES
from cxspark.contracts.value import CUSTOMER_VALUE, VALUE_FORECASTS
from cxspark.report import customer_value, distance_maps
from cxspark.report.confusions import Confusion, group_confusions
from cxspark.report.distance_maps import Comparison
from cxspark.report.findings import Value
from cxspark.report.studies import Study, group_studies
from cxspark.runtime.tables import Tables

_OF_STUDIES = (FEATURES_GAIN, TREE_RULES, TREE_CURVE, TREE_METRICS)
_OF_VALUE = (CUSTOMER_VALUE, VALUE_FORECASTS)
ANALYTICS_TABLES: tuple[Table, ...] = (*_OF_STUDIES, *_OF_VALUE, DISTANCES, CONFUSIONS)


def collect_studies(tables: Tables) -> list[Study]:
    """All labels of all sources that features were ranked or a tree was grown for.

    Cost: four small tables, collected: rows per feature, leaf, threshold and metric.
    """
    gains, rules, curve, metrics = (tables.read_or_empty(table) for table in _OF_STUDIES)
    of_test = F.col("part") == "test"
    return group_studies(
        gains.orderBy("source", "label", "rank").collect(),
        rules.orderBy("source", "label", "leaf").collect(),
        curve.where(of_test).orderBy("source", "label", F.desc("threshold")).collect(),
        metrics.where(of_test).orderBy("source", "label", "metric", "model").collect(),
    )


def look_at_value(tables: Tables) -> Value:
    """What the customers of the largest source are worth; nothing where none were valued."""
    values, forecasts = (tables.read_or_empty(table) for table in _OF_VALUE)
    summary = customer_value.summarize_values(values).head()
    if summary is None:
        return Value()
    source = summary["source"]
    return Value(
        summary=summary,
        sizes=customer_value.aggregate_values(values, source=source).collect(),
        forecasts=customer_value.select_forecasts(forecasts, source=source).collect(),
    )


def compare_customers(tables: Tables, *, n: int) -> list[Comparison]:
    """Every set of distances there is; those of at most n customers on a side with their pairs."""
    distances = tables.read_or_empty(DISTANCES)
    return distance_maps.group_comparisons(
        distance_maps.summarize_distances(distances).collect(),
        distance_maps.select_small(distances, n=n).collect(),
    )


def collect_confusions(tables: Tables) -> list[Confusion]:
    """How well classes were told, for every label of every source."""
    return group_confusions(tables.read_or_empty(CONFUSIONS).collect())
