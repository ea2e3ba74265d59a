"""Gamma-Gamma: the likelihood is the integral it should be, and planted parameters are found."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from scipy.optimize import approx_fprime
from scipy.stats import gamma

from cxspark.contracts.errors import ContractError
from cxspark.segmentation.purchases import HISTORIES
from cxspark.segmentation.spending import (
    GammaGamma,
    GammaGammaParameters,
    describe_spending,
    expected_spend,
    log_likelihood,
)

CDNOW = GammaGammaParameters(6.25, 3.74, 15.44)
PARAMETERS = st.builds(
    GammaGammaParameters, p=st.floats(0.5, 8), q=st.floats(1.1, 8), v=st.floats(0.5, 50)
)


def histories(spends: list[tuple[int, float | None]]) -> list[tuple[object, ...]]:
    return [(f"u{i}", n, 0.0, 1.0, n, mean, 0) for i, (n, mean) in enumerate(spends)]


def drawn(parameters: GammaGammaParameters, size: int) -> list[tuple[int, float]]:
    """Customers of a population, seeded: how many spends, and their mean."""
    rng = np.random.default_rng(7)
    rates = rng.gamma(parameters.q, 1 / parameters.v, size)
    n_spends = 1 + rng.poisson(2, size)
    means = rng.gamma(parameters.p * n_spends, 1 / (rates * n_spends))
    return [(int(n), float(mean)) for n, mean in zip(n_spends, means, strict=True)]


@given(PARAMETERS, st.integers(1, 10), st.floats(0.5, 100))
def test_the_likelihood_is_the_integral_over_all_customers(
    parameters: GammaGammaParameters, n: int, mean: float
) -> None:
    p, q, v = astuple(parameters)
    # Trapezoids on the logarithm of the rate.
    step = 0.01
    logs = np.arange(-300, 100, step)
    rates = np.exp(logs)
    scaled = gamma.logpdf(mean, p * n, scale=1 / (rates * n)) + gamma.logpdf(rates, q, scale=1 / v)
    wanted = np.exp(scaled + logs).sum() * step
    value, _ = log_likelihood(parameters, np.array([float(n)]), np.array([mean]))
    assert np.exp(value[0]) == pytest.approx(wanted, rel=1e-8)


@given(PARAMETERS, st.integers(1, 50), st.floats(0.5, 1000))
def test_the_gradient_is_the_likelihood_s(
    parameters: GammaGammaParameters, n: int, mean: float
) -> None:
    known = np.array([float(n)]), np.array([mean])
    _, gradient = log_likelihood(parameters, *known)
    slopes = approx_fprime(
        np.array(astuple(parameters)),
        lambda values: log_likelihood(GammaGammaParameters(*values), *known)[0][0],
        1e-7,
    )
    assert gradient[:, 0] == pytest.approx(slopes, rel=1e-3, abs=1e-4)


def test_planted_parameters_are_found_exactly_or_on_a_grid(spark: SparkSession) -> None:
    planted = GammaGammaParameters(4.0, 3.5, 600.0)
    frame = spark.createDataFrame(histories(drawn(planted, 8000)), HISTORIES).persist()
    exact = GammaGamma(min_customers=100, max_groups=8000).fit(frame)
    assert astuple(exact.parameters_) == pytest.approx(astuple(planted), rel=0.15)
    assert exact.parameters_.mean == pytest.approx(planted.mean, rel=0.05)
    assert (exact.n_customers_, exact.grid_, exact.at_bounds_) == (8000, 0, [])

    rounded = GammaGamma(min_customers=100, max_groups=4000).fit(frame)
    assert rounded.grid_ > 0
    assert astuple(rounded.parameters_) == pytest.approx(astuple(exact.parameters_), rel=0.002)
    assert rounded.log_likelihood_ == pytest.approx(exact.log_likelihood_, rel=1e-4)
    frame.unpersist()


def test_a_customer_s_spend_lies_between_her_mean_and_everyone_s(spark: SparkSession) -> None:
    p, q, v = astuple(CDNOW)
    rows = histories([(0, None), (1, 100.0), (40, 100.0)])
    frame = spark.createDataFrame(rows, HISTORIES).select(expected_spend(CDNOW))
    assert [row[0] for row in frame.collect()] == pytest.approx(
        [p * v / (q - 1), p * (v + 100) / (p + q - 1), p * (v + 4000) / (40 * p + q - 1)]
    )
    assert CDNOW.mean == pytest.approx(35.22, abs=0.01)


def test_spends_of_nothing_are_no_spends_to_learn_from(spark: SparkSession) -> None:
    rows = histories([(1, 0.0), (2, None), (1, 5.0), (2, 10.0), (3, 15.0)])
    frame = spark.createDataFrame(rows, HISTORIES)
    assert tuple(describe_spending(frame).collect()[0]) == (3, pytest.approx(1.0))
    with pytest.raises(ContractError, match=r"at least 4 customers who bought again.*found 3"):
        GammaGamma(min_customers=4, max_groups=100).fit(frame)


def test_one_spender_has_no_correlation(spark: SparkSession) -> None:
    frame = spark.createDataFrame(histories([(1, 5.0)]), HISTORIES)
    assert tuple(describe_spending(frame).collect()[0]) == (1, None)


def test_customers_all_alike_have_their_own_spend_as_the_mean(spark: SparkSession) -> None:
    frame = spark.createDataFrame(histories([(2, 20.0)] * 50), HISTORIES)
    fitted = GammaGamma(min_customers=10, max_groups=100).fit(frame)
    assert fitted.parameters_.mean == pytest.approx(20, rel=0.01)
    assert fitted.at_bounds_
