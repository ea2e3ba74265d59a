"""BG/NBD learnt: the published parameters of CDNOW, planted ones, and what can't be learnt."""

import csv
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.segmentation.purchases import HISTORIES
from cxspark.segmentation.purchases_fit import BgNbd
from cxspark.segmentation.purchases_model import BgNbdParameters

History = tuple[int, float, float]


def as_frame(spark: SparkSession, histories: list[History]) -> DataFrame:
    rows = [(f"u{i}", *one, 0, None, 0) for i, one in enumerate(histories)]
    return spark.createDataFrame(rows, HISTORIES)


def simulated(parameters: BgNbdParameters, size: int) -> list[History]:
    """Customers of a population, seeded, each from her first purchase to an age of 20 to 60."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(size):
        rate = rng.gamma(parameters.r, 1 / parameters.alpha)
        chance = rng.beta(parameters.a, parameters.b)
        age, at, x, last = round(rng.uniform(20, 60), 1), 0.0, 0, 0.0
        while (at := at + rng.exponential(1 / rate)) < age:
            x, last = x + 1, at
            if rng.random() < chance:
                break
        found.append((x, last, age))
    return found


def test_cdnow_s_parameters_are_those_of_the_paper(spark: SparkSession, data: Path) -> None:
    path = data / "cdnow" / "cdnow_customers_summary.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    with path.open(encoding="utf-8") as file:
        histories = [
            (int(row["frequency"]), float(row["recency"]), float(row["T"]))
            for row in csv.DictReader(file)
        ]
    fitted = BgNbd(min_customers=100, max_groups=3000).fit(as_frame(spark, histories))
    assert astuple(fitted.parameters_) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=0.001)
    assert fitted.log_likelihood_ == pytest.approx(-9582.4, abs=0.1)
    assert (fitted.n_customers_, fitted.grid_, fitted.at_bounds_) == (2357, 0, [])


def test_planted_parameters_are_found_exactly_or_on_a_grid(spark: SparkSession) -> None:
    planted = BgNbdParameters(0.8, 6.0, 1.2, 4.0)
    frame = as_frame(spark, simulated(planted, 8000)).persist()
    exact = BgNbd(min_customers=100, max_groups=8000).fit(frame)
    assert astuple(exact.parameters_) == pytest.approx(astuple(planted), rel=0.15)
    assert exact.grid_ == 0

    rounded = BgNbd(min_customers=100, max_groups=5500).fit(frame)
    assert rounded.grid_ >= 1
    assert rounded.n_customers_ == 8000
    assert astuple(rounded.parameters_) == pytest.approx(astuple(exact.parameters_), rel=0.1)
    frame.unpersist()


def test_the_same_customers_in_another_order_give_the_same_parameters(spark: SparkSession) -> None:
    histories = simulated(BgNbdParameters(0.8, 6.0, 1.2, 4.0), 300)
    one, other = (
        BgNbd(min_customers=2, max_groups=300).fit(as_frame(spark, order))
        for order in (histories, histories[::-1])
    )
    assert one.parameters_ == other.parameters_
    assert one.log_likelihood_ == other.log_likelihood_


def test_customers_all_alike_end_at_a_bound(spark: SparkSession) -> None:
    fitted = BgNbd(min_customers=2, max_groups=10).fit(as_frame(spark, [(3, 30.0, 40.0)] * 50))
    assert fitted.at_bounds_
    assert np.isfinite(astuple(fitted.parameters_)).all()


@pytest.mark.parametrize(
    ("histories", "message"),
    [
        ([], "at least 3 customers.*found 0"),
        ([(1, 5.0, 9.0)], "at least 3 customers.*found 1"),
        ([(0, 0.0, 9.0)] * 5, "bought on a second day; found none among 5"),
        ([(0, 0.0, 0.0)] * 5, "bought on a second day; found none among 5"),
    ],
)
def test_too_little_to_learn_from_is_an_error(
    spark: SparkSession, histories: list[History], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        BgNbd(min_customers=3, max_groups=10).fit(as_frame(spark, histories))


def test_more_kinds_of_customers_than_may_come_to_the_driver_are_an_error(
    spark: SparkSession,
) -> None:
    histories = [(x, 1.0, 2.0) for x in range(1, 9)]
    with pytest.raises(ConfigError, match="at most 4 groups"):
        BgNbd(min_customers=3, max_groups=4).fit(as_frame(spark, histories))
