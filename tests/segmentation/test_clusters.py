import numpy as np
import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import DataFrame, SparkSession
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import davies_bouldin_score, silhouette_score

from cxspark.segmentation.clusters import assign_clusters, fit_trials

IRIS = load_iris().data


def frame_of(spark: SparkSession, points: np.ndarray) -> DataFrame:
    rows = [(f"u{i:03d}", Vectors.dense(point)) for i, point in enumerate(points)]
    return spark.createDataFrame(rows, ["user_id", "point"])


@pytest.fixture(scope="module")
def iris(spark: SparkSession) -> DataFrame:
    return frame_of(spark, IRIS).persist()


def test_iris_in_three_clusters_has_the_known_sse_and_scikit_learns_quality(iris):
    trials = fit_trials(iris, ks=[3], seeds=[1, 2], tolerance=1e-9)
    best = min(trials, key=lambda one: one.sse)
    assert best.sse == pytest.approx(78.8514, abs=1e-4)
    assert best.sizes == [62, 50, 38]
    rows = assign_clusters(iris, best.centres).orderBy("user_id").collect()
    labels = [row["cluster"] for row in rows]
    peer = KMeans(3, n_init=10, random_state=0).fit(IRIS)
    assert best.sse == pytest.approx(peer.inertia_)
    assert best.silhouette == pytest.approx(silhouette_score(IRIS, labels, metric="sqeuclidean"))
    assert best.davies_bouldin == pytest.approx(davies_bouldin_score(IRIS, labels))
    assert sum(row["distance"] ** 2 for row in rows) == pytest.approx(best.sse)
    assert np.bincount(labels).tolist() == [0, *best.sizes]


def test_the_same_seed_gives_the_same_clusters(iris):
    first, again = (fit_trials(iris, ks=[4], seeds=[7])[0] for _ in range(2))
    assert first.centres == pytest.approx(again.centres, abs=1e-12)
    assert first.sizes == again.sizes


def test_fewer_different_points_than_clusters_give_fewer_clusters(spark):
    points = frame_of(spark, np.array([[0.0], [0.0], [0.0], [5.0], [5.0], [9.0]]))
    (trial,) = fit_trials(points, ks=[5], seeds=[1])
    assert (trial.k, trial.n_clusters, trial.sse) == (5, 3, 0.0)
    assert (trial.sizes, trial.centres.tolist()) == ([3, 2, 1], [[0.0], [5.0], [9.0]])


def test_clusters_of_one_size_are_numbered_by_their_centres(spark):
    (trial,) = fit_trials(frame_of(spark, np.array([[9.0], [-9.0]])), ks=[2], seeds=[1])
    assert trial.centres.tolist() == [[-9.0], [9.0]]


def test_one_cluster_has_neither_silhouette_nor_davies_bouldin(spark):
    (trial,) = fit_trials(frame_of(spark, np.array([[1.0], [1.0]])), ks=[2], seeds=[1])
    assert trial.n_clusters == 1
    assert (trial.sse, trial.silhouette, trial.davies_bouldin) == (0.0, None, None)
