"""Forecasts beside what came true, against sums by hand."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from pyspark.sql import Row, SparkSession

from cxspark.contracts.checks import require_columns
from cxspark.contracts.value import VALUE_FORECASTS
from cxspark.segmentation.purchases import HISTORIES
from cxspark.segmentation.purchases_model import BgNbdParameters, expected_if_alive
from cxspark.segmentation.value_forecasts import evaluate_forecasts
from cxspark.segmentation.value_words import verdicts

PARAMETERS = BgNbdParameters(0.3, 5.0, 0.9, 2.0)
# x, t_x, T, days with a purchase afterwards
CUSTOMERS = [
    (0, 0.0, 0.0, 0),
    (0, 0.0, 10.0, 1),
    (0, 0.0, 12.0, 0),
    (2, 8.0, 10.0, 3),
    (2, 1.0, 10.0, 0),
    (7, 9.0, 10.0, 2),
    (19, 10.0, 10.0, 4),
]


def evaluate(spark: SparkSession, customers: list[Any], rate: float) -> list[Row]:
    rows = [
        (f"u{i}", x, t_x, age, 0, None, later) for i, (x, t_x, age, later) in enumerate(customers)
    ]
    frame = evaluate_forecasts(
        spark.createDataFrame(rows, HISTORIES),
        PARAMETERS,
        rate=rate,
        source="shop",
        calibration_until=date(2026, 1, 1),
        holdout_until=date(2026, 2, 5),
        unit_days=7,
    )
    require_columns(frame, VALUE_FORECASTS)
    return frame.collect()


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[tuple[str, str], Row]:
    rows = evaluate(spark, CUSTOMERS, rate=0.5)
    return {(row["model"], row["bin"]): row for row in rows}


def forecasts_by_hand() -> dict[str, np.ndarray]:
    """What each model expects of each customer in 5 weeks."""
    x, t_x, age, _ = (np.array(column, float) for column in zip(*CUSTOMERS, strict=True))
    p = PARAMETERS
    odds = p.a / (p.b + x - 1) * ((p.alpha + age) / (p.alpha + t_x)) ** (p.r + x)
    alive = np.where(x > 0, 1 / (1 + odds), 1.0)
    return {
        "bg_nbd": alive * expected_if_alive(p, x, age, horizon=5),
        "same_rate": np.divide(5 * x, age, out=np.zeros_like(x), where=age > 0),
        "average": np.full_like(x, 2.5),
    }


def test_every_model_and_bin_has_its_errors(found: dict[tuple[str, str], Row]) -> None:
    told, made = forecasts_by_hand(), np.array([one[3] for one in CUSTOMERS], float)
    bins = {"all": range(7), "0": range(3), "2": [3, 4], "7+": [5, 6]}
    assert set(found) == {(model, name) for model in told for name in bins}
    for (model, name), row in found.items():
        those = list(bins[name])
        error, ours = (told[one][those] - made[those] for one in (model, "bg_nbd"))
        wanted = {
            "n_users": len(those),
            "actual": made[those].mean(),
            "expected": told[model][those].mean(),
            "total_error": error.sum(),
            "mae": np.abs(error).mean(),
            "rmse": np.sqrt((error**2).mean()),
        }
        for measure, each in (("mae", np.abs), ("mse", np.square)):
            difference = each(error) - each(ours)
            half = 1.96 * difference.std(ddof=1) / np.sqrt(len(those))
            ends = (0.0, -half, half)
            for part, end in zip(("", "_low", "_high"), ends, strict=True):
                naive = None if model == "bg_nbd" else difference.mean() + end
                wanted[f"{measure}_difference{part}"] = naive
        assert {column: row[column] for column in wanted} == {
            column: value if value is None else pytest.approx(value, abs=1e-8)
            for column, value in wanted.items()
        }


def test_one_customer_has_a_difference_without_an_interval(spark: SparkSession) -> None:
    row = next(row for row in evaluate(spark, CUSTOMERS[:1], 0.5) if row["model"] == "average")
    assert row["mae_difference"] is not None
    assert (row["mae_difference_low"], row["mse_difference_high"]) == (None, None)


def test_a_naive_forecast_that_wins_is_told(
    spark: SparkSession, found: dict[tuple[str, str], Row]
) -> None:
    (newcomers,) = verdicts(list(found.values()), 12)
    assert (
        newcomers == "customers who first bought after 2026-01-01, whom no forecast is made for: 12"
    )
    # Everyone goes on as before, however long she was silent: the model doesn't think so.
    same = [(4, 1.0 + i / 100, 20.0, 1) for i in range(20)]
    told = list(verdicts(evaluate(spark, same, rate=0.2), 0))
    assert len(told) == 4
    assert "naive forecast average was nearer than bg_nbd" in told[0]
    assert "by mse: -" in told[0]
