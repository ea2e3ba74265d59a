"""BG/NBD's closed forms against the integrals that they are of."""

from collections.abc import Callable
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import betaln, gammaln

from cxspark.segmentation.purchases_model import (
    BgNbdParameters,
    Floats,
    Histories,
    discounted_if_alive,
    expected_if_alive,
    log_likelihood,
)

CDNOW = BgNbdParameters(0.243, 4.414, 0.793, 2.426)
PARAMETERS = st.builds(
    BgNbdParameters,
    r=st.floats(0.1, 8),
    alpha=st.floats(0.5, 50),
    a=st.floats(0.1, 8),
    b=st.floats(0.1, 8),
)
SHARES = st.floats(0, 1)
AGES = st.floats(0.5, 100)
STEP = 0.01
ODDS = np.arange(-700, 700, STEP)


def history(x: float, t_x: float, age: float) -> Histories:
    return Histories(np.array([float(x)]), np.array([float(t_x)]), np.array([float(age)]))


def over_chances(a: float, b: float, told: Callable[[Floats, Floats], Floats]) -> float:
    """The mean of a function of p and 1 - p over Beta(a, b), by trapezoids on the log odds."""
    log_p, log_q = -np.logaddexp(0, -ODDS), -np.logaddexp(0, ODDS)
    density = np.exp(a * log_p + b * log_q - betaln(a, b))
    return float(density @ told(np.exp(log_p), np.exp(log_q)) * STEP)


def over_rates(shape: float, rate: float, times: int, until: float) -> float:
    """The mean of lambda^times exp(-lambda until) over Gamma(shape, rate), on the log of lambda."""
    scale = shape * np.log(rate) - gammaln(shape)
    lasting = np.exp(np.minimum(ODDS, 600)) * (rate + until)
    return float(np.exp(scale + (shape + times) * ODDS - lasting).sum() * STEP)


def likelihood(parameters: BgNbdParameters, x: int, t_x: float, age: float) -> float:
    """One customer's, of any rate and chance to leave (eq. 3), over all of both."""
    r, alpha, a, b = astuple(parameters)
    there = over_chances(a, b, lambda _, q: q**x) * over_rates(r, alpha, x, age)
    if x == 0:
        return there
    return there + over_chances(a, b, lambda p, q: p * q ** (x - 1)) * over_rates(r, alpha, x, t_x)


def ahead(parameters: BgNbdParameters, x: float, age: float, horizon: float) -> float:
    """Expected purchases of one who is there: a Poisson process until she leaves."""
    r, alpha, a, b = astuple(parameters)

    def of_chance(p: Floats, _: Floats) -> Floats:
        return -np.expm1(-(r + x) * np.log1p(p * horizon / (alpha + age))) / p

    return over_chances(a, b + x, of_chance)


@given(PARAMETERS, st.integers(0, 12), SHARES, AGES)
def test_the_likelihood_is_the_integral_over_all_customers(
    parameters: BgNbdParameters, x: int, share: float, age: float
) -> None:
    t_x = share * age if x else 0.0
    value, _ = log_likelihood(parameters, history(x, t_x, age))
    assert np.exp(value[0]) == pytest.approx(likelihood(parameters, x, t_x, age), rel=1e-8)


@given(PARAMETERS, st.integers(0, 30), SHARES, AGES)
def test_the_gradient_is_the_likelihood_s(
    parameters: BgNbdParameters, x: int, share: float, age: float
) -> None:
    known = history(x, share * age if x else 0.0, age)
    _, gradient = log_likelihood(parameters, known)
    slopes = approx_fprime(
        np.array(astuple(parameters)),
        lambda values: log_likelihood(BgNbdParameters(*values), known)[0][0],
        1e-7,
    )
    assert gradient[:, 0] == pytest.approx(slopes, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    "known", [history(0, 0, 0), history(3000, 99, 100), history(1, 0, 0), history(5000, 0, 1e5)]
)
def test_extreme_customers_have_a_finite_likelihood(known: Histories) -> None:
    value, gradient = log_likelihood(CDNOW, known)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


@example(BgNbdParameters(1, 1, 2, 1), 99, 0.5, 14)
@example(BgNbdParameters(1, 1, 2, 1), 300, 0.5, 14)
@given(PARAMETERS, st.integers(0, 300), AGES, st.floats(1, 300))
def test_expected_purchases_are_the_integral_over_all_chances_to_leave(
    parameters: BgNbdParameters, x: int, age: float, horizon: float
) -> None:
    found = expected_if_alive(parameters, np.array([float(x)]), np.array([age]), horizon=horizon)
    assert found[0] == pytest.approx(ahead(parameters, x, age, horizon), rel=1e-7)


@pytest.mark.parametrize("a", [1 - 1e-5, 1.0, 1 + 1e-9])
def test_nothing_jumps_where_the_formula_divides_by_zero(a: float) -> None:
    x, age = np.array([0.0, 2.0, 40.0]), np.array([0.0, 30.0, 30.0])
    found = expected_if_alive(replace(CDNOW, a=a), x, age, horizon=39)
    wanted = [ahead(replace(CDNOW, a=a), *one, 39) for one in zip(x, age, strict=True)]
    assert found == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        BgNbdParameters(30, 1, 50, 0.5),
        BgNbdParameters(1000, 1, 0.1, 1),
        BgNbdParameters(1000, 1, 100, 1000),
        BgNbdParameters(1, 1, 1000, 10),
        BgNbdParameters(1, 5, 0.25, 0.75),
    ],
)
@pytest.mark.parametrize("x", [0, 3, 3000])
def test_parameters_that_overflow_the_formula_still_give_an_expectation(
    parameters: BgNbdParameters, x: int
) -> None:
    found = expected_if_alive(parameters, np.array([float(x)]), np.array([20.0]), horizon=1000)
    assert found[0] == pytest.approx(ahead(parameters, x, 20, 1000), rel=1e-3)


def test_a_discount_weighs_what_each_unit_of_time_adds() -> None:
    x, age = np.array([0.0, 2.0]), np.array([10.0, 30.0])
    one, two, three = (expected_if_alive(CDNOW, x, age, horizon=t) for t in (1, 2, 3))
    found = discounted_if_alive(CDNOW, x, age, horizon=3, rate=0.25)
    assert found == pytest.approx(one * 0.8 + (two - one) * 0.64 + (three - two) * 0.512)
    assert discounted_if_alive(CDNOW, x, age, horizon=3, rate=0) == pytest.approx(three)
