"""Gamma-Gamma: what a customer spends per purchase, learnt from the means of those who came back.

A customer's purchases cost Gamma(p, rate nu), and nu is Gamma(q, rate v) over the customers,
independent of how often they buy.

Source: P. Fader, B. Hardie, The Gamma-Gamma Model of Monetary Value, 2013, whose gamma is v here;
P. Fader, B. Hardie, K. Lee, RFM and CLV: Using Iso-Value Curves, Journal of Marketing Research
42(4), 2005.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.special import digamma, gammaln

from cxspark.contracts.errors import ContractError
from cxspark.segmentation.value_likelihood import collect_groups, maximize

Floats = NDArray[np.float64]

# With q up to 1 the mean over all customers is infinite.
_RANGES = {"p": (1e-3, 1e4), "q": (1.001, 1e4), "v": (1e-6, 1e8)}
_FINEST, _DOUBLINGS = 0.001, 10


@dataclass(frozen=True)
class GammaGammaParameters:
    """What tells one population's spending from another's; all greater than 0.

    Attributes:
        p: shape of a customer's spends; the greater, the more alike they are.
        q: shape of the rates over the customers; above 1, so that there is a mean.
        v: rate of the rates, in money.
    """

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """The mean spend over all customers, p v / (q - 1)."""
        return self.p * self.v / (self.q - 1)


def log_likelihood(
    parameters: GammaGammaParameters, n_spends: Floats, mean_spend: Floats
) -> tuple[Floats, Floats]:
    """Each customer's log likelihood (eq. 1a of the note of 2013), and its gradient.

    Args:
        parameters: of the population.
        n_spends: spends that a mean is of, at least 1.
        mean_spend: greater than 0.

    Returns:
        An element per customer; a row for each of p, q, v, a column per customer.

    Example:
        >>> value, _ = log_likelihood(GammaGammaParameters(1.0, 1.0, 1.0), np.ones(1), np.ones(1))
        >>> float(np.exp(value[0]))
        0.25
    """
    p, q, v = astuple(parameters)
    shape, spent = p * n_spends, n_spends * mean_spend
    gammas = gammaln(shape + q) - gammaln(shape) - gammaln(q)
    shares = q * np.log(v) + shape * np.log(spent) - (shape + q) * np.log(v + spent)
    both = digamma(shape + q)
    gradient = np.stack(
        [
            n_spends * (both - digamma(shape) + np.log(spent) - np.log(v + spent)),
            both - digamma(q) + np.log(v) - np.log(v + spent),
            q / v - (shape + q) / (v + spent),
        ]
    )
    return gammas + shares - np.log(mean_spend), gradient


def expected_spend(parameters: GammaGammaParameters) -> Column:
    """A customer's expected spend per purchase, of the columns n_spends and mean_spend.

    Her own mean and that of all, weighted by what her purchases tell: p (v + x m) / (p x + q - 1);
    the mean of all where nothing is known.
    """
    p, q, v = (F.lit(one) for one in astuple(parameters))
    n = F.col("n_spends")
    spent = F.coalesce(n * F.col("mean_spend"), F.lit(0.0))
    return p * (v + spent) / (p * n + q - F.lit(1.0))


def describe_spending(histories: DataFrame) -> DataFrame:
    """Whether spend can be learnt, and apart from frequency.

    Returns:
        One row: n_users (customers whose mean spend is above 0) and, over them, correlation (of
        n_spends and mean_spend, Pearson's; null where either doesn't vary).

    Cost: one pass.
    """
    return (
        histories.where("mean_spend > 0")
        .agg(
            F.count(F.lit(1)).alias("n_users"),
            F.nanvl(F.corr("n_spends", "mean_spend"), F.lit(None)).alias("correlation"),
        )
        .select("n_users", "correlation")
    )


class GammaGamma:
    """The parameters of Gamma-Gamma by maximum likelihood.

    Customers whose mean spend isn't above 0 are left out: the model has no place for them.

    Args:
        min_customers: fewest with a mean spend to learn from.
        max_groups: most groups that come to the driver; where there are more customers with
            different means, these are rounded to 0.1%, 0.2%, ... of themselves.

    Attributes:
        parameters_: as learnt.
        log_likelihood_: of all customers with a mean spend, at the parameters.
        n_customers_: learnt from.
        grid_: share of itself that a mean was rounded to; 0 where they were taken as they are.
        at_bounds_: names of parameters that ended at the least or greatest value allowed.
    """

    def __init__(self, *, min_customers: int, max_groups: int) -> None:
        self.min_customers = min_customers
        self.max_groups = max_groups

    def fit(self, histories: DataFrame) -> Self:
        """Learn from `HISTORIES`.

        Raises:
            ContractError: too few customers.
            ConfigError: too many groups.
            QualityGateError: no parameters were found at which the likelihood is greatest.

        Cost: one shuffle of the customers, or several where they must be rounded.
        """
        place, groups = collect_groups(_candidates(histories), max_groups=self.max_groups)
        counts, n_spends, means = (
            groups[name].to_numpy().astype(np.float64) for name in ("n", "n_spends", "mean_spend")
        )
        total = counts.sum()
        if total < self.min_customers:
            raise ContractError(
                "spending",
                f"at least {self.min_customers} customers who bought again for money",
                str(int(total)),
                "take in more events, or amounts with them",
            )
        money = float(counts @ means / total)

        def mean(values: Floats) -> tuple[float, Floats]:
            parameters = GammaGammaParameters(*values)
            each, gradient = log_likelihood(parameters, n_spends, means / money)
            return float(counts @ each / total), gradient @ counts / total

        starts = [(p, q, (q - 1) / p) for p in (0.7, 5.0) for q in (1.5, 4.0, 15.0)]
        best = maximize(mean, starts=starts, ranges=_RANGES, model="Gamma-Gamma")
        p, q, v = best.parameters
        self.parameters_ = GammaGammaParameters(p, q, v * money)
        self.log_likelihood_ = (best.value - float(np.log(money))) * float(total)
        self.n_customers_ = int(total)
        self.grid_ = 0.0 if place == 0 else _FINEST * 2 ** (place - 1)
        self.at_bounds_ = best.at_bounds
        return self


def _candidates(histories: DataFrame) -> Iterator[DataFrame]:
    """Customers in groups: by their means as they are, rounded to 0.1%, to 0.2%, ..."""
    yield _grouped(histories, F.col("mean_spend"))
    for doubling in range(_DOUBLINGS):
        step = F.lit(_FINEST * 2**doubling)
        yield _grouped(histories, F.exp(F.round(F.log("mean_spend") / step) * step))


def _grouped(histories: DataFrame, mean: Column) -> DataFrame:
    return (
        histories.where("mean_spend > 0")
        .groupBy("n_spends", mean.alias("mean_spend"))
        .agg(F.count(F.lit(1)).alias("n"))
        .select("n_spends", "mean_spend", "n")
    )
