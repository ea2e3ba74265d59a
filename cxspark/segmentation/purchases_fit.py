"""BG/NBD learnt from customers' histories."""

from collections.abc import Iterator
from typing import Self

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.segmentation.purchases_model import (
    BgNbdParameters,
    Floats,
    Histories,
    log_likelihood,
)
from cxspark.segmentation.value_likelihood import collect_groups, maximize

_DOUBLINGS = 14
# Beyond these, customers are as good as alike, or all alike in leaving never or at once.
_RANGES = {"r": (1e-3, 1e3), "alpha": (1e-3, 1e6), "a": (1e-3, 1e3), "b": (1e-3, 1e3)}


class BgNbd:
    """The parameters of BG/NBD by maximum likelihood.

    Customers with the same x, t_x and T say the same, so Spark groups them and the driver learns
    from the groups: exactly, or with times rounded where the groups are too many.

    Args:
        min_customers: fewest to learn from.
        max_groups: most groups that come to the driver.

    Attributes:
        parameters_: as learnt.
        log_likelihood_: of all customers, at the parameters.
        n_customers_: learnt from.
        rate_: repeat purchases per customer and unit of time.
        grid_: units of time that t_x and T were rounded to; 0 where they were taken as they are.
        at_bounds_: names of parameters that ended at the least or greatest value allowed.
    """

    def __init__(self, *, min_customers: int, max_groups: int) -> None:
        self.min_customers = min_customers
        self.max_groups = max_groups

    def fit(self, histories: DataFrame) -> Self:
        """Learn from `HISTORIES`.

        Raises:
            ContractError: too few customers, or none who bought again.
            ConfigError: too many groups.
            QualityGateError: no parameters were found at which the likelihood is greatest.

        Cost: one shuffle of the customers, or several where they must be rounded.
        """
        place, groups = collect_groups(_candidates(histories), max_groups=self.max_groups)
        counts = groups["n"].to_numpy().astype(np.float64)
        names = ("frequency", "recency", "age")
        known = Histories(*(groups[name].to_numpy().astype(np.float64) for name in names))
        self._require(counts, known)
        total = counts.sum()

        def mean(values: Floats) -> tuple[float, Floats]:
            each, gradient = log_likelihood(BgNbdParameters(*values), known)
            return float(counts @ each / total), gradient @ counts / total

        rate = float(counts @ known.x / (counts @ known.age))
        starts = [
            (r, r / rate, a, b)
            for r in (0.3, 2.0)
            for a, b in ((0.5, 2.0), (1.5, 1.5), (2.0, 20.0))
        ]
        best = maximize(mean, starts=starts, ranges=_RANGES, model="BG/NBD")
        self.parameters_ = BgNbdParameters(*best.parameters)
        self.log_likelihood_ = best.value * float(total)
        self.n_customers_ = int(total)
        self.rate_ = rate
        self.grid_ = 0 if place == 0 else 2 ** (place - 1)
        self.at_bounds_ = best.at_bounds
        return self

    def _require(self, counts: Floats, known: Histories) -> None:
        n_customers, n_repeaters = (int(n) for n in (counts.sum(), counts[known.x > 0].sum()))
        if n_customers < self.min_customers:
            raise ContractError(
                "purchases",
                f"at least {self.min_customers} customers (estimate_value.min_customers)",
                str(n_customers),
                "take in more events, or learn until a later day",
            )
        if n_repeaters == 0:
            raise ContractError(
                "purchases",
                "customers who bought on a second day",
                f"none among {n_customers}",
                "take in more events; that nobody comes back needs no model",
            )


def _candidates(histories: DataFrame) -> Iterator[DataFrame]:
    """Customers in groups: by their times as they are, rounded to 1 unit, to 2, to 4, ..."""
    yield _grouped(histories, 0)
    for doubling in range(_DOUBLINGS):
        yield _grouped(histories, 2**doubling)


def _grouped(histories: DataFrame, grid: int) -> DataFrame:
    """One row per frequency, recency and age with its number of customers.

    Rounding never makes a recency exceed its age.
    """
    times = {
        name: F.round(F.col(name) / F.lit(float(grid))) * F.lit(float(grid))
        if grid
        else F.col(name)
        for name in ("recency", "age")
    }
    return (
        histories.withColumns(times)
        .groupBy("frequency", "recency", "age")
        .agg(F.count(F.lit(1)).alias("n"))
        .select("frequency", "recency", "age", "n")
    )
