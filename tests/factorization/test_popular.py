from datetime import timedelta

import numpy as np
import pytest
from pyspark.sql import SparkSession
from recommender_contract import AT, RecommenderContract

from cxspark.factorization.popularity import Popular, PopularRecently
from cxspark.steps.training import EventTraining

# user, item, type, days ago
Event = tuple[str, str, str, float]


class TestPopular(RecommenderContract):
    recommender = Popular()


class TestPopularRecently(RecommenderContract):
    recommender = PopularRecently((1.0, 30.0), (10.0,))


def training(spark: SparkSession, *rows: Event, cap: float | None = None) -> EventTraining:
    frame = spark.createDataFrame(
        [(user, item, kind, AT - timedelta(days=days)) for user, item, kind, days in rows],
        "user_id string, item_id string, event_type string, event_at timestamp",
    )
    return EventTraining(
        frame, at=AT, weights={"purchase": 1.0, "return": -1.0}, popularity_cap=cap
    )


def test_weights_halve_with_the_half_life_and_returns_count_against(spark: SparkSession) -> None:
    found = training(
        spark,
        ("a", "x", "purchase", 7),
        ("b", "x", "purchase", 14),
        ("a", "y", "purchase", 7),
        ("a", "y", "return", 7),
        ("a", "z", "return", 7),
    )
    # Columns: x has two users, y and z no positive weight.
    assert found.popularity([None, 7.0]) == pytest.approx(np.array([[2, 0, 0], [0.75, 0, 0]]))


def test_in_a_window_all_counts_in_full_and_nothing_before_it(spark: SparkSession) -> None:
    found = training(spark, ("a", "x", "purchase", 7), ("b", "x", "purchase", 7.1))
    assert found.popularity([7.0], [7.0, 8.0])[1:] == pytest.approx(np.array([[1], [2]]))


def test_one_user_adds_no_more_than_the_cap_and_takes_no_more(spark: SparkSession) -> None:
    robot = [("robot", "x", "purchase", 1 + n / 100) for n in range(40)]
    sender = [("sender", "y", "return", 1 + n / 100) for n in range(40)]
    others = [(user, "y", "purchase", 1.0) for user in "abcd"]
    found = training(spark, *robot, *sender, *others, cap=3.0)
    # Columns: y has four users, x one.
    assert found.popularity([None], [2.0]) == pytest.approx(np.array([[1, 3], [1, 3]]))
