"""BG/NBD: how often customers buy, and whether they still do, in closed form.

While a customer is there she buys as a Poisson process of rate lambda; after each purchase she
leaves for good with probability p. Over the customers lambda is Gamma(r, rate alpha) and p is
Beta(a, b), independent of each other. What is known of a customer is her number of repeat
purchases x, the time t_x of the last of them and her age T, both since her first purchase.

Source: P. Fader, B. Hardie, K. Lee, "Counting Your Customers" the Easy Way, Marketing Science
24(2), 2005; equations are numbered as there.
"""

from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, digamma, expit, gammaln, hyp2f1

Floats = NDArray[np.float64]

# Nearer to 1 than this, E[Y] is taken from both sides: its own form is 0 / 0 there.
_NEAR_ONE = 1e-5
# How far beside r, by its share, where the function can't be told at r itself.
_BESIDE = 1e-6
_N_QUANTILES = 64


@dataclass(frozen=True)
class BgNbdParameters:
    """What tells one population of customers from another; all greater than 0.

    Attributes:
        r: shape of the rates; the smaller, the more customers differ.
        alpha: rate of the rates, in units of time: their mean is r / alpha.
        a: of the Beta distribution of leaving after a purchase, whose mean is a / (a + b).
        b: of the same.
    """

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class Histories:
    """What is known of customers, an element each.

    Attributes:
        x: repeat purchases.
        t_x: time of the last of them since the first purchase, 0 where there is none.
        age: time since the first purchase, at least t_x.
    """

    x: Floats
    t_x: Floats
    age: Floats


def log_likelihood(parameters: BgNbdParameters, known: Histories) -> tuple[Floats, Floats]:
    """Each customer's log likelihood (eq. 6), and its gradient.

    Beta functions are taken as logarithms, and the two ways to have become silent - there and not
    buying, or gone - are added as such, so that nothing overflows.

    Returns:
        An element per customer; a row for each of r, alpha, a, b, a column per customer.

    Example:
        One customer who never came back in 10 weeks: (alpha / (alpha + T))^r.

        >>> once = Histories(np.zeros(1), np.zeros(1), np.full(1, 10.0))
        >>> value, _ = log_likelihood(BgNbdParameters(2.0, 10.0, 1.0, 1.0), once)
        >>> round(float(np.exp(value[0])), 9)
        0.25
    """
    r, alpha, a, b = astuple(parameters)
    x, t_x, age = known.x, known.t_x, known.age
    there = -(r + x) * np.log(alpha + age)
    gone = _log_odds_gone(parameters, known) + there
    gammas = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    betas = gammaln(a + b) - gammaln(b) + gammaln(b + x) - gammaln(a + b + x)
    is_gone = expit(gone - there)
    since = (1 - is_gone) / (alpha + age) + is_gone / (alpha + t_x)
    logs = (1 - is_gone) * np.log(alpha + age) + is_gone * np.log(alpha + t_x)
    shared = digamma(a + b) - digamma(a + b + x)
    gradient = np.stack(
        [
            digamma(r + x) - digamma(r) + np.log(alpha) - logs,
            r / alpha - (r + x) * since,
            shared + is_gone / a,
            shared + digamma(b + x) - digamma(b) - is_gone / np.where(x > 0, b + x - 1, 1.0),
        ]
    )
    return gammas + betas + np.logaddexp(there, gone), gradient


def expected_if_alive(
    parameters: BgNbdParameters, x: Floats, age: Floats, *, horizon: float
) -> Floats:
    """The expected number of purchases ahead of each customer who is still there (eq. 10).

    Times P(alive) it is that of a customer of whom one doesn't know.

    The hypergeometric function is taken in Euler's transformation: its first two arguments don't
    grow with x then, so that customers with thousands of purchases don't overflow it. Where it does
    all the same (parameters in the hundreds), the expectation over p is summed at 64 quantiles,
    within a thousandth.

    Args:
        parameters: of the population.
        x: repeat purchases.
        age: time since the first purchase.
        horizon: the time ahead, in the unit of the ages.
    """
    if abs(parameters.a - 1) < _NEAR_ONE:
        sides = [replace(parameters, a=parameters.a + 2 * step) for step in (-_NEAR_ONE, _NEAR_ONE)]
        below, above = (expected_if_alive(one, x, age, horizon=horizon) for one in sides)
        return (below + above) / 2
    ahead = _by_euler(parameters, x, age, horizon)
    if _is_lost(ahead).any():
        # SciPy 1.17 is infinite at some whole numbers, 2F1(1, 1; 101; z) among them, not beside.
        sides = [replace(parameters, r=parameters.r * (1 + step)) for step in (-_BESIDE, _BESIDE)]
        below, above = (_by_euler(one, x, age, horizon) for one in sides)
        ahead = np.where(_is_lost(ahead), (below + above) / 2, ahead)
    lost = _is_lost(ahead)
    if lost.any():
        ahead[lost] = _summed_over_quantiles(parameters, x[lost], age[lost], horizon)
    return ahead


def _by_euler(parameters: BgNbdParameters, x: Floats, age: Floats, horizon: float) -> Floats:
    r, alpha, a, b = astuple(parameters)
    z = horizon / (alpha + age + horizon)
    with np.errstate(over="ignore", invalid="ignore"):
        left = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
        ahead: Floats = (a + b + x - 1) / (a - 1) * (1 - left)
    return ahead


def _is_lost(ahead: Floats) -> NDArray[np.bool_]:
    lost: NDArray[np.bool_] = ~(np.isfinite(ahead) & (ahead >= 0))
    return lost


def discounted_if_alive(
    parameters: BgNbdParameters, x: Floats, age: Floats, *, horizon: int, rate: float
) -> Floats:
    """The same, a purchase in the k-th unit of time ahead counted as (1 + rate)^-k.

    Cost: that of `expected_if_alive`, ``horizon`` times.
    """
    worth = (1 + rate) ** -np.arange(1.0, horizon + 1)
    # Each unit's expectation counts with its worth, less what the next unit's takes off again.
    steps = worth - np.append(worth[1:], 0.0)
    total = np.zeros_like(age)
    for unit, step in enumerate(steps, start=1):
        total += step * expected_if_alive(parameters, x, age, horizon=unit)
    return total


def _log_odds_gone(parameters: BgNbdParameters, known: Histories) -> Floats:
    """Log of P(gone) / P(there); -inf without repeat purchase, as one leaves after a repeat."""
    r, alpha, a, b = astuple(parameters)
    x = known.x
    waited = (r + x) * (np.log(alpha + known.age) - np.log(alpha + known.t_x))
    odds: Floats = np.where(
        x > 0, np.log(a) - np.log(np.where(x > 0, b + x - 1, 1.0)) + waited, -np.inf
    )
    return odds


def _summed_over_quantiles(
    parameters: BgNbdParameters, x: Floats, age: Floats, horizon: float
) -> Floats:
    """E[(1 - (1 + p t / (alpha + T))^-(r + x)) / p] over p of Beta(a, b + x)."""
    r, alpha, a, b = astuple(parameters)
    nodes, weights = np.polynomial.legendre.leggauss(_N_QUANTILES)
    x, age = x[:, None], age[:, None]
    # Below it the quotient is at its limit.
    p = np.maximum(betaincinv(a, b + x, (nodes + 1) / 2), 1e-12)
    bought = -np.expm1(-(r + x) * np.log1p(p * horizon / (alpha + age))) / p
    summed: Floats = bought @ (weights / 2)
    return summed
