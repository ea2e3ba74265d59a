"""What the jobs that look at customers found, collected for the report."""

from pyspark.sql import functions as F

from cxspark.contracts.classes import CONFUSIONS
from cxspark.contracts.clusters import CLUSTER_TRIALS
from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.segments import SEGMENT_MOVES, SEGMENT_PROFILES, SEGMENT_RUNS, SEGMENTS
from cxspark.contracts.table import Table
from cxspark.contracts.trees import FEATURES_GAIN, TREE_CURVE, TREE_METRICS, TREE_RULES
from cxspark.contracts.value import CUSTOMER_VALUE, VALUE_FORECASTS
from cxspark.report import customer_value, distance_maps
from cxspark.report.confusions import Confusion, group_confusions
from cxspark.report.distance_maps import Comparison
from cxspark.report.findings import Value
from cxspark.report.segments import Segmentation, aggregate_strategies, select_newest
from cxspark.report.studies import Study, group_studies
from cxspark.runtime.tables import Tables

_OF_STUDIES = (FEATURES_GAIN, TREE_RULES, TREE_CURVE, TREE_METRICS)
_OF_VALUE = (CUSTOMER_VALUE, VALUE_FORECASTS)
_OF_SEGMENTS = (CLUSTER_TRIALS, SEGMENTS, SEGMENT_PROFILES, SEGMENT_MOVES, SEGMENT_RUNS)
ANALYTICS_TABLES: tuple[Table, ...] = (
    *_OF_STUDIES,
    *_OF_VALUE,
    *_OF_SEGMENTS,
    DISTANCES,
    CONFUSIONS,
)


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


def read_segmentation(tables: Tables) -> Segmentation:
    """The small frames, of all sources, each at its newest; nothing where no job has run."""
    moves, runs = tables.read_or_empty(SEGMENT_MOVES), tables.read_or_empty(SEGMENT_RUNS)
    return Segmentation(
        trials=tables.read_or_empty(CLUSTER_TRIALS).collect(),
        runs=select_newest(runs, by="as_of").collect(),
        profiles=tables.read_or_empty(SEGMENT_PROFILES).collect(),
        moves=select_newest(moves, by="to_as_of").collect(),
        strategies=aggregate_strategies(tables.read_or_empty(SEGMENTS)).collect(),
    )
