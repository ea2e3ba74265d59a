import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from sklearn.datasets import load_iris, load_wine
from sklearn.neighbors import KNeighborsClassifier

from cxspark.contracts.classes import CLASSES
from cxspark.contracts.features import FEATURE_ROWS
from cxspark.distance import Moments, fit_space
from cxspark.neighbors.classify import (
    classify_customers,
    count_confusions,
    elect,
    split_held_out,
)
from cxspark.neighbors.settings import ClassifyKnnSettings

Told = dict[str, tuple[str | None, str, dict[str, float]]]


def frame(spark: SparkSession, values: np.ndarray, labels: list[str | None]) -> DataFrame:
    rows = [
        (f"u{number:04d}", row, [], label)
        for number, (row, label) in enumerate(zip(values.tolist(), labels, strict=True))
    ]
    return spark.createDataFrame(rows, FEATURE_ROWS)


def told(queries: DataFrame, references: DataFrame, values: np.ndarray, **settings: object) -> Told:
    chosen = ClassifyKnnSettings(label="kind", **{"scale": "none", **settings})
    space = fit_space(
        Moments.of(values),
        [f"f{place}" for place in range(values.shape[1])],
        scale=chosen.scale,
        whiten=chosen.metric == "mahalanobis",
    )
    labels = references.select("label").distinct().collect()
    votes = classify_customers(
        queries,
        references,
        n_queries=len(values),
        n_references=len(values),
        space=space,
        classes=sorted(row["label"] for row in labels),
        settings=chosen,
    )
    rows = [tuple(row) for row in votes.collect()]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[1:] for row in rows}


def accuracy(found: Told) -> float:
    return sum(actual == predicted for actual, predicted, _ in found.values()) / len(found)


@pytest.mark.parametrize(
    ("data", "settings", "known", "expected"),
    [
        (load_iris, {"k": 3}, 0.960, 0.960),
        (load_iris, {"k": 5}, 0.967, 0.967),
        # 14 of the wines have a tie of votes: the nearer class is right twice more than the first.
        (load_wine, {"k": 5}, 0.697, 0.708),
        (load_wine, {"k": 5, "scale": "standard"}, 0.972, 0.972),
    ],
)
def test_leaving_one_out_is_as_good_as_is_known(
    spark: SparkSession, data: object, settings: dict[str, object], known: float, expected: float
) -> None:
    """Known: of the first label among equal votes, as others settle ties."""
    values, kinds = data(return_X_y=True)
    rows = frame(spark, values, [str(kind) for kind in kinds])
    found = told(rows, rows, values, block_rows=64, **settings)
    assert len(found) == len(values)
    first = {
        one: (row[0], max(sorted(row[2]), key=row[2].__getitem__), {}) for one, row in found.items()
    }
    assert round(accuracy(first), 3) == known
    assert round(accuracy(found), 3) == expected


@pytest.mark.parametrize("vote", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["euclidean", "mahalanobis", "cosine", "manhattan"])
def test_probabilities_are_those_of_scikit_learn(
    spark: SparkSession, metric: str, vote: str
) -> None:
    rng = np.random.default_rng(1)
    values, kinds = rng.normal(size=(120, 3)) @ rng.normal(size=(3, 3)), rng.integers(0, 3, 120)
    asked = rng.normal(size=(30, 3))
    asked[:5] = values[:5]  # at distance 0
    params = {"VI": np.linalg.inv(np.cov(values.T))} if metric == "mahalanobis" else None
    peer = KNeighborsClassifier(
        7, weights=vote, algorithm="brute", metric=metric, metric_params=params
    )
    # Its cosine of equal rows is rounding, not 0.
    first = 5 if metric == "cosine" else 0
    expected = peer.fit(values, kinds).predict_proba(asked[first:])
    references = frame(spark, values, [str(kind) for kind in kinds])
    queries = frame(spark, asked[first:], [None] * (30 - first))
    found = told(queries, references, values, metric=metric, vote=vote, k=7, block_rows=50)
    assert all(actual is None for actual, _, _ in found.values())
    shares = [[found[one][2].get(kind, 0.0) for kind in "012"] for one in sorted(found)]
    assert np.array(shares) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("broadcast", [True, False])
def test_doubles_at_the_kth_place_are_taken_by_id_however_the_blocks_are_cut(
    spark: SparkSession, broadcast: bool
) -> None:
    kinds = ["b", "a", "a", "b", "b", "b"]
    values = np.array([[1.0], [1.0], [1.0], [1.0], [1.0], [0.5]])
    references = frame(spark, values, kinds)
    queries = spark.createDataFrame([("q", [0.0], [], None)], FEATURE_ROWS)
    for block_rows in (1, 100):
        settings = {"k": 4, "block_rows": block_rows, "broadcast": broadcast}
        # u0005 is nearest; of the five at distance 1 the first three: b, a, a. Two votes each.
        found = told(queries, references, values, **settings)
        assert found == {"q": (None, "b", {"a": 0.5, "b": 0.5})}


@pytest.mark.parametrize(
    ("labels", "distances", "vote", "expected"),
    [
        ([0, 1, 1], [1.0, 2.0, 3.0], "uniform", 1),
        ([0, 1, 1, 0], [1.0, 2.0, 3.0, 5.0], "uniform", 1),  # 6 against 5
        ([1, 0, 0, 1], [1.0, 2.0, 3.0, 4.0], "uniform", 0),  # 5 against 5: the first label
        ([0, 1, 1], [1.0, 4.0, 4.0], "distance", 0),
        ([0, 1, 1], [0.0, 1e-300, 1e-300], "distance", 0),
        ([1, 0, 0], [0.0, 0.0, 1.0], "distance", 0),
    ],
)
def test_the_majority_then_the_smaller_summed_distance_then_the_label(
    labels: list[int], distances: list[float], vote: str, expected: int
) -> None:
    query = np.zeros(len(labels), np.int64)
    elected, _ = elect(query, np.array(labels), np.array(distances), shape=(1, 2), vote=vote)
    assert elected.tolist() == [expected]


def test_who_lacks_a_number_neither_votes_nor_is_told(spark: SparkSession) -> None:
    rows = [("a", [1.0], [], "x"), ("b", [None], [], "y"), ("c", [3.0], [], "x")]
    references = spark.createDataFrame(rows, FEATURE_ROWS)
    found = told(references, references, np.array([[1.0], [3.0]]), k=5)
    assert found == {"a": ("x", "x", {"x": 1.0}), "c": ("x", "x", {"x": 1.0})}


def test_a_single_customer_has_nobody_to_ask(spark: SparkSession) -> None:
    alone = spark.createDataFrame([("a", [1.0], [], "x")], FEATURE_ROWS)
    assert told(alone, alone, np.array([[1.0]])) == {}


def test_the_same_customers_are_held_out_every_time_about_their_share(spark: SparkSession) -> None:
    rows = frame(spark, np.zeros((1000, 1)), ["x"] * 1000)
    learn, held_out = split_held_out(rows, share=0.2, seed=1)
    again = split_held_out(rows.repartition(3), share=0.2, seed=1)[1]
    names = {row["user_id"] for row in held_out.collect()}
    assert names == {row["user_id"] for row in again.collect()}
    assert 150 < len(names) < 250
    assert learn.count() + len(names) == 1000


def test_confusions_count_who_has_a_label(spark: SparkSession) -> None:
    rows = [
        ("s", "knn", "kind", "held_out", "a", "x", "x", {"x": 1.0}),
        ("s", "knn", "kind", "held_out", "b", "x", "y", {"y": 1.0}),
        ("s", "knn", "kind", "held_out", "c", "x", "y", {"y": 1.0}),
        ("s", "knn", "kind", "applied", "d", None, "y", {"y": 1.0}),
    ]
    counted = count_confusions(spark.createDataFrame(rows, CLASSES.schema)).collect()
    assert sorted(tuple(row)[3:] for row in counted) == [
        ("held_out", "x", "x", 1),
        ("held_out", "x", "y", 2),
    ]
