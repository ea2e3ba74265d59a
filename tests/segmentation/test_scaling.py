import math

import numpy as np
import pytest
from pyspark.ml.functions import vector_to_array
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.features import FEATURE_ROWS
from cxspark.segmentation.scaling import Scaler

NAMES = ("age", "money", "same")
ROWS = [
    ("u1", [20.0, 0.0, 7.0], [], None),
    ("u2", [40.0, math.e - 1, 7.0], [], None),
    ("u3", [None, 1.0, 7.0], [], None),
    ("u4", [60.0, 1 - math.exp(2), 7.0], [], None),
]


@pytest.fixture(scope="module")
def rows(spark: SparkSession):
    return spark.createDataFrame(ROWS, FEATURE_ROWS)


def points_of(scaler: Scaler, rows) -> dict[str, list[float]]:
    frame = scaler.transform(rows).select("user_id", vector_to_array("point").alias("point"))
    return {row["user_id"]: row["point"] for row in frame.collect()}


def test_points_are_standardised_weighted_and_of_complete_customers(rows):
    scaler = Scaler(NAMES, log=["money"], weights={"age": 4.0}).fit(rows)
    assert (scaler.n_users_, scaler.n_incomplete_, scaler.constant_) == (3, 1, ["same"])
    spread = 20 * math.sqrt(2 / 3)
    # Signed logarithms of money are 0, 1 and -2.
    mean, money = -1 / 3, math.sqrt((1 + 16 + 25) / 27)
    points = points_of(scaler, rows)
    assert points["u1"] == pytest.approx([-40 / spread, (0 - mean) / money, 0])
    assert points["u2"] == pytest.approx([0, (1 - mean) / money, 0])
    assert points["u4"] == pytest.approx([40 / spread, (-2 - mean) / money, 0])


def test_points_go_back_to_units_and_deviations(rows):
    scaler = Scaler(NAMES, log=["money"], weights={"age": 4.0}).fit(rows)
    points = np.array([points_of(scaler, rows)[user] for user in ("u1", "u4")])
    known = [[20, 0, 7], [60, 1 - math.exp(2), 7]]
    assert scaler.to_units(points) == pytest.approx(np.array(known))
    assert scaler.to_deviations(points)[:, 0] == pytest.approx([-math.sqrt(1.5), math.sqrt(1.5)])


def test_raw_features_stay_but_for_constant_ones(rows):
    scaler = Scaler(NAMES, by=["same", "age"], standardise=False).fit(rows)
    points = points_of(scaler, rows)
    assert points == {"u1": [0.0, 20.0], "u2": [0.0, 40.0], "u4": [0.0, 60.0]}
    assert scaler.to_units(np.array([[0.0, 20.0]])).tolist() == [[7.0, 20.0]]


@pytest.mark.parametrize(
    "choice", [{"by": ["wealth"]}, {"log": ["wealth"]}, {"weights": {"wealth": 2.0}}]
)
def test_a_feature_that_is_not_there_is_named(choice):
    with pytest.raises(ConfigError, match="found wealth"):
        Scaler(NAMES, **choice)


def test_customers_who_are_all_alike_are_refused(rows):
    with pytest.raises(ContractError, match="4 with the same same"):
        Scaler(NAMES, by=["same"]).fit(rows)


def test_nobody_with_all_features_is_refused(rows):
    with pytest.raises(ContractError, match="none of 1"):
        Scaler(NAMES).fit(rows.where("user_id = 'u3'"))


def parts_of(scaler: Scaler, rows) -> list[tuple[int, str]]:
    frame = scaler.transform(rows).select(F.spark_partition_id(), "user_id")
    return [tuple(row) for row in frame.collect()]


def test_points_lie_alike_whatever_the_session_and_the_order(spark, rows):
    scaler = Scaler(["age"]).fit(rows)
    scaler.n_users_ = 60_000  # as if there were so many: three partitions
    expected = parts_of(scaler, rows)
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    try:
        assert parts_of(scaler, rows.orderBy(F.desc("user_id"))) == expected
        assert len({part for part, _ in expected}) > 1
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
