"""Rank the customers' features by how well they tell a label."""

from pyspark.sql import SparkSession

from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS
from cxspark.contracts.trees import FEATURES_GAIN
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps.features import chosen_table, read_features
from cxspark.trees.feature_gain import FeatureGain
from cxspark.trees.settings import RankFeaturesSettings


def run(spark: SparkSession, settings: RankFeaturesSettings, tables: Tables) -> None:
    """Count every feature by label in one pass, score, write this source's and label's rows."""
    tables.watch(*STEP.writes)
    features = read_features(tables, settings.features, label=settings.label)
    gain = FeatureGain(settings).fit(features.rows, features.names)
    scores = spark.createDataFrame(
        [(features.source, settings.label, *row) for row in gain.scores_], FEATURES_GAIN.schema
    )
    ours = f"source = {quoted(features.source)} AND label = {quoted(settings.label)}"
    tables.overwrite(FEATURES_GAIN, scores, where=ours, part=ours)
    if gain.n_unlabelled_:
        tables.warn(f"customers without {settings.label}, left out: {gain.n_unlabelled_:,}")


STEP = Step(
    name="rank_features",
    summary="customers' features -> how well each tells a label: gain, split info, gain ratio",
    settings=RankFeaturesSettings,
    reads=(CUSTOMERS,),
    writes=(FEATURES_GAIN,),
    optional=(CUSTOMER_FEATURES,),
    inputs=chosen_table,
    run=run,
)
