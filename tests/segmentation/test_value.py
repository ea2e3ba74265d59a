"""Customers' worth, against the closed forms in plain Python."""

from datetime import date

import numpy as np
import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from cxspark.contracts.checks import require_columns
from cxspark.contracts.value import CUSTOMER_VALUE
from cxspark.segmentation.purchases import HISTORIES
from cxspark.segmentation.purchases_model import BgNbdParameters, expected_if_alive
from cxspark.segmentation.spending import GammaGammaParameters
from cxspark.segmentation.value import score_customers

PURCHASES = BgNbdParameters(0.243, 4.414, 0.793, 2.426)
SPENDING = GammaGammaParameters(6.25, 3.74, 15.44)
# user, x, t_x, T, spends, their mean
CUSTOMERS = [
    ("new", 0, 0.0, 0.0, 0, None),
    ("once", 0, 0.0, 38.86, 0, None),
    ("loyal", 6, 38.0, 38.86, 6, 50.0),
    ("lost", 6, 10.0, 38.86, 6, 50.0),
    ("free", 1, 1.71, 38.86, 1, 0.0),
    ("daily", 2000, 1000.0, 4000.0, 2000, 3.0),
]


@pytest.fixture(scope="module")
def histories(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([(*one, 0) for one in CUSTOMERS], HISTORIES)


def score(
    histories: DataFrame, spending: GammaGammaParameters | None = SPENDING, discount: float = 0.0
) -> dict[str, Row]:
    frame = score_customers(
        histories,
        PURCHASES,
        spending,
        source="shop",
        as_of=date(1997, 9, 30),
        unit_days=7,
        horizon=39,
        discount=discount,
    )
    require_columns(frame, CUSTOMER_VALUE)
    return {row["user_id"]: row for row in frame.collect()}


def still_there(x: int, t_x: float, age: float) -> float:
    """P(alive) as the note of 2008 has it."""
    p = PURCHASES
    if x == 0:
        return 1.0
    waited = ((p.alpha + age) / (p.alpha + t_x)) ** min(p.r + x, 300)
    return 1 / (1 + p.a / (p.b + x - 1) * waited)


def test_purchases_times_spend_is_the_value(histories: DataFrame) -> None:
    scored = score(histories)
    for user, x, t_x, age, n, mean in CUSTOMERS:
        row = scored[user]
        ahead = expected_if_alive(PURCHASES, np.array([float(x)]), np.array([age]), horizon=39)[0]
        p, q, v = SPENDING.p, SPENDING.q, SPENDING.v
        spend = p * (v + n * (mean or 0.0)) / (p * n + q - 1)
        assert row["p_alive"] == pytest.approx(still_there(x, t_x, age), abs=1e-12)
        assert row["expected_purchases"] == pytest.approx(row["p_alive"] * ahead, abs=1e-12)
        assert row["expected_spend"] == pytest.approx(spend)
        assert row["expected_value"] == pytest.approx(row["expected_purchases"] * spend)
    assert scored["loyal"]["expected_value"] > 10 * scored["lost"]["expected_value"]
    assert scored["daily"]["p_alive"] == 0


def test_without_spends_purchases_are_told_all_the_same(histories: DataFrame) -> None:
    plain, scored = score(histories), score(histories, spending=None)
    for user, row in scored.items():
        assert (row["expected_spend"], row["expected_value"]) == (None, None)
        assert row["expected_purchases"] == plain[user]["expected_purchases"]


def test_a_discount_lessens_the_value_alone(histories: DataFrame) -> None:
    plain, discounted = score(histories), score(histories, discount=0.1)
    for user in ("new", "once", "loyal", "free"):
        assert discounted[user]["expected_purchases"] == plain[user]["expected_purchases"]
        share = discounted[user]["expected_value"] / plain[user]["expected_value"]
        # 39 weeks are three quarters of a year: what comes evenly comes after half of them.
        assert 1.1**-0.75 < share < 1
        assert share == pytest.approx(1.1 ** (-0.75 / 2), abs=0.01)
