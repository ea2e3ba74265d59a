import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.features import FEATURE_ROWS
from cxspark.segmentation.profiles import profile_segments

ROWS = [
    ("a", [1.0, 5.0, None], [], None),
    ("b", [3.0, None, None], [], None),
    ("c", [8.0, 5.0, None], [], None),
    ("in no segment", [99.0, 9.0, 9.0], [], None),
]


@pytest.fixture(scope="module")
def profiles(spark: SparkSession):
    segments = [("a", "low"), ("b", "low"), ("c", "high")]
    frame = profile_segments(
        spark.createDataFrame(segments, "user_id string, segment string"),
        spark.createDataFrame(ROWS, FEATURE_ROWS),
        names=["money", "same", "unknown"],
    )
    return {(row["segment"], row["feature"]): row for row in frame.collect()}


def test_mean_median_and_shares_by_hand(profiles):
    low, high = profiles["low", "money"], profiles["high", "money"]
    assert (low["n_users"], low["share_users"]) == (2, pytest.approx(2 / 3))
    assert (low["mean"], low["median"], low["share_total"]) == (2.0, 1.0, pytest.approx(1 / 3))
    # All: 1, 3, 8, mean 4, variance 26 / 3.
    assert low["deviation"] == pytest.approx(-2 / (26 / 3) ** 0.5)
    assert high["deviation"] == pytest.approx(4 / (26 / 3) ** 0.5)


def test_a_feature_that_is_the_same_for_all_deviates_nowhere(profiles):
    assert [profiles[name, "same"]["deviation"] for name in ("low", "high")] == [0.0, 0.0]
    assert profiles["low", "same"]["share_total"] == 0.5


def test_a_feature_that_nobody_has_is_null(profiles):
    row = profiles["high", "unknown"]
    assert [row[name] for name in ("mean", "median", "deviation", "share_total")] == [None] * 4
    assert row["n_users"] == 1


def test_every_segment_and_feature_has_a_row(profiles):
    assert len(profiles) == 6
