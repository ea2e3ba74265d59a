from datetime import timedelta

import numpy as np
import pytest
from pyspark.sql import SparkSession
from recommender_contract import AT, RecommenderContract

from cxspark.factorization.popularity import Popular, PopularRecently
from cxspark.steps.training import EventTraining


class TestPopular(RecommenderContract):
    recommender = Popular()


class TestPopularRecently(RecommenderContract):
    recommender = PopularRecently((1.0, 30.0))


def test_weights_halve_with_the_half_life_and_returns_count_against(spark: SparkSession) -> None:
    rows = [
        ("a", "x", "purchase", AT - timedelta(days=7)),
        ("b", "x", "purchase", AT - timedelta(days=14)),
        ("a", "y", "purchase", AT - timedelta(days=7)),
        ("a", "y", "return", AT - timedelta(days=7)),
        ("a", "z", "return", AT - timedelta(days=7)),
    ]
    frame = spark.createDataFrame(
        rows, "user_id string, item_id string, event_type string, event_at timestamp"
    )
    training = EventTraining(frame, at=AT, weights={"purchase": 1.0, "return": -1.0})
    # Columns: x has two users, y and z no positive weight.
    assert training.popularity([None, 7.0]) == pytest.approx(np.array([[2, 0, 0], [0.75, 0, 0]]))
