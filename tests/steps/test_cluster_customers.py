from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from sklearn.datasets import load_iris

from cxspark.contracts.clusters import CLUSTER_CENTERS, CLUSTER_TRIALS, CLUSTERS
from cxspark.contracts.features import CUSTOMERS, FeatureChoice
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.segmentation.settings import ClusterCustomersSettings
from cxspark.steps.cluster_customers import STEP

IRIS = load_iris()
NAMES = [name.replace(" (cm)", "") for name in IRIS.feature_names]


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, "r1"))


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Iris, two customers of it with gaps, and another source."""
    folder = tmp_path_factory.mktemp("clusters")
    rows = [
        ("iris", f"u{i}", dict(zip(NAMES, map(float, row), strict=True)), {}, "l", i)
        for i, row in enumerate(IRIS.data)
    ]
    rows += [("iris", f"gap{i}", {NAMES[0]: 5.0}, {}, "l", 200 + i) for i in range(2)]
    rows += [("pairs", f"u{i}", {"x": float(i % 2), "y": 3.0}, {}, "m", i) for i in range(6)]
    tables_at(spark, folder).overwrite(CUSTOMERS, spark.createDataFrame(rows, CUSTOMERS.schema))
    return folder


@pytest.fixture(scope="module")
def iris_run(spark: SparkSession, folder: Path) -> Tables:
    tables = tables_at(spark, folder)
    choice = FeatureChoice(source="iris")
    settings = ClusterCustomersSettings(
        features=choice, standardise=False, k_to=4, seeds=(1, 2), tolerance=1e-9
    )
    STEP.run(spark, settings, tables)
    return tables


@pytest.mark.usefixtures("iris_run")
def test_the_chosen_trial_is_kept_with_its_reason(spark, folder):
    trials = tables_at(spark, folder).read(CLUSTER_TRIALS).where("source = 'iris'").collect()
    assert {(row["k"], row["seed"]) for row in trials} == {
        (k, s) for k in range(2, 5) for s in (1, 2)
    }
    (chosen,) = [row for row in trials if row["is_chosen"]]
    assert (chosen["k"], chosen["sse"]) == (3, pytest.approx(78.8514, abs=1e-4))
    assert chosen["reason"].startswith("k = 3: the curve of SSE from k = 2 to 4 bends most there")
    assert {row["reason"] for row in trials if not row["is_chosen"]} == {None}


def test_every_complete_customer_has_a_cluster_and_the_others_are_told(spark, folder, iris_run):
    tables = tables_at(spark, folder)
    centers = tables.read(CLUSTER_CENTERS).where("source = 'iris'").orderBy("cluster").collect()
    assert [row["n_users"] for row in centers] == [62, 50, 38]
    assert centers[1]["center"] == pytest.approx(
        dict(zip(NAMES, IRIS.data[:50].mean(axis=0), strict=True))
    )
    sizes = tables.read(CLUSTERS).where("source = 'iris'").groupBy("cluster").count()
    assert sorted(map(tuple, sizes.collect())) == [(1, 62), (2, 50), (3, 38)]
    (warning,) = iris_run.run.warnings
    assert warning.startswith("2 customers of iris are left out: they lack one of petal length")


@pytest.mark.usefixtures("iris_run")
def test_another_sources_clusters_stay_and_what_no_feature_tells_apart_is_said(spark, folder):
    tables = tables_at(spark, folder)
    settings = ClusterCustomersSettings(features=FeatureChoice(source="pairs"), k_to=3, seeds=(1,))
    STEP.run(spark, settings, tables)
    assert tables.run.warnings == [
        "the same for all customers, so no help: y",
        "clusters found: 2 instead of 3; customers are too few, or too many are alike",
    ]
    found = tables_at(spark, folder).read(CLUSTERS).groupBy("source").count().collect()
    assert dict(map(tuple, found)) == {"iris": 150, "pairs": 6}
