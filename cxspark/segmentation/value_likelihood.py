"""Maximum likelihood: groups of equal customers to the driver, and the parameters that fit best."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy.optimize import Bounds, OptimizeResult, minimize

from cxspark.contracts.errors import ConfigError, QualityGateError

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]
Range = tuple[float, float]

# Of the mean log likelihood by the logarithm of a parameter: far below what a customer more or less
# would change.
_FLAT = 1e-5


@dataclass(frozen=True)
class Fit:
    """The best parameters.

    Attributes:
        parameters: in the order of the starts.
        value: of the objective there.
        at_bounds: names of those that ended where they may go no further.
    """

    parameters: Sequence[float]
    value: float
    at_bounds: Sequence[str]


def collect_groups(candidates: Iterable[DataFrame], *, max_groups: int) -> tuple[int, pa.Table]:
    """The first of the candidates that is small enough, and its place among them.

    Args:
        candidates: the same customers in ever fewer groups.
        max_groups: most rows that may come.

    Returns:
        Rows in order of their columns, so that sums over them come out the same each time.

    Raises:
        ConfigError: none is small enough.

    Cost: the query of each candidate that is tried.
    """
    for place, groups in enumerate(candidates):
        found = groups.limit(max_groups + 1).toArrow()
        if found.num_rows <= max_groups:
            return place, found.sort_by([(name, "ascending") for name in found.column_names])
    raise ConfigError(
        "estimate_value.max_groups",
        f"that equal customers make at most {max_groups:,} groups",
        "more, however coarsely they were rounded",
        "allow more groups",
    )


def maximize(
    objective: Objective,
    *,
    starts: Sequence[Sequence[float]],
    ranges: Mapping[str, Range],
    model: str,
) -> Fit:
    """The positive parameters with the greatest value, from the best of several starts.

    Logarithms of the parameters are moved, by L-BFGS-B with the gradient given.

    Args:
        objective: parameters -> a mean log likelihood, and its gradient by the parameters.
        starts: where to begin; the same start gives the same end.
        ranges: name of each parameter -> its smallest and largest value, in order.
        model: its name, for the error.

    Raises:
        QualityGateError: from no start is a point reached where the likelihood is flat.
    """
    bounds = np.log(np.asarray(list(ranges.values())))

    def falling(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        value, gradient = objective(parameters)
        return -value, -gradient * parameters

    ends = [
        minimize(
            falling,
            np.log(np.asarray(start)),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(bounds[:, 0], bounds[:, 1]),
            options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-9},
        )
        for start in starts
    ]
    reached = [end for end in ends if _is_flat(end, bounds)]
    if not reached:
        raise QualityGateError(
            model,
            "parameters at which the likelihood is greatest",
            f"none from {len(starts)} starts: {ends[0].message}",
            "look at the customers: too few, or too much alike?",
        )
    best = min(reached, key=lambda end: float(end.fun))
    stuck = np.isclose(best.x[:, None], bounds, rtol=0, atol=1e-6).any(axis=1)
    names = [name for name, is_stuck in zip(ranges, stuck, strict=True) if is_stuck]
    return Fit(np.exp(best.x).tolist(), -float(best.fun), names)


def _is_flat(end: OptimizeResult[Any], bounds: Floats) -> bool:
    """Whether no parameter could be moved within its bounds to any gain."""
    moved = np.clip(end.x - end.jac, bounds[:, 0], bounds[:, 1]) - end.x
    return bool(np.isfinite(end.fun) and np.abs(moved).max() < _FLAT)
