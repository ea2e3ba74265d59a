"""Group customers by K-Means, with several numbers of clusters, and recommend one of these."""

from functools import partial

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.clusters import CLUSTER_CENTERS, CLUSTER_TRIALS, CLUSTERS
from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS
from cxspark.contracts.keeping import keep, release
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.segmentation.choice import choose_trial
from cxspark.segmentation.cluster_rows import list_centers, list_trials
from cxspark.segmentation.clusters import Trial, assign_clusters, fit_trials
from cxspark.segmentation.scaling import Scaler
from cxspark.segmentation.settings import ClusterCustomersSettings
from cxspark.steps import estimates
from cxspark.steps.features import chosen_table, read_features
from cxspark.steps.points import fit_scaler


def run(spark: SparkSession, settings: ClusterCustomersSettings, tables: Tables) -> None:
    """Scale the features, try every k with every seed, keep the clusters of the one chosen."""
    tables.watch(*STEP.writes)
    features = read_features(tables, settings.features)
    scaler = Scaler(
        features.names.numbers,
        standardise=settings.standardise,
        log=settings.log,
        weights=settings.weights,
    )
    points = keep(fit_scaler(tables, features, scaler).transform(features.rows))
    trials = fit_trials(
        points,
        ks=range(settings.k_from, settings.k_to + 1),
        seeds=settings.seeds,
        iterations=settings.iterations,
        tolerance=settings.tolerance,
    )
    _warn_of_fewer(tables, trials)
    chosen, reason = choose_trial(trials, by=settings.choose_by)
    source = features.source
    clusters = assign_clusters(points, chosen.centres).withColumn("source", F.lit(source))
    centers = spark.createDataFrame(
        list_centers(chosen, scaler, source=source), CLUSTER_CENTERS.schema
    )
    tried = spark.createDataFrame(
        list_trials(trials, chosen, reason, source=source), CLUSTER_TRIALS.schema
    )
    ours = f"source = {quoted(source)}"
    facts = {"k": chosen.k, "sse": chosen.sse, "silhouette": chosen.silhouette}
    write = partial(tables.overwrite, where=ours, part=source)
    tables.side_by_side(
        partial(write, CLUSTERS, clusters.select(*CLUSTERS.columns)),
        partial(write, CLUSTER_CENTERS, centers),
        partial(write, CLUSTER_TRIALS, tried, facts=facts),
    )
    release(points)


def _warn_of_fewer(tables: Tables, trials: list[Trial]) -> None:
    """Say which numbers of clusters no seed reached."""
    most = {k: max(one.n_clusters for one in trials if one.k == k) for k in {t.k for t in trials}}
    fewer = [f"{n} instead of {k}" for k, n in sorted(most.items()) if n < k]
    if fewer:
        tables.warn(
            f"clusters found: {', '.join(fewer)}; customers are too few, or too many are alike"
        )


STEP = Step(
    name="cluster_customers",
    summary="customers' features -> clusters by K-Means, and how many of them there should be",
    settings=ClusterCustomersSettings,
    reads=(),
    writes=(CLUSTERS, CLUSTER_CENTERS, CLUSTER_TRIALS),
    run=run,
    rows=estimates.row_for_customer(CLUSTERS),
    optional=(CUSTOMERS, CUSTOMER_FEATURES),
    inputs=chosen_table,
)
