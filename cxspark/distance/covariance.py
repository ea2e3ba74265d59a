"""The Cholesky factor of a covariance, or which columns are to blame that there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve
from scipy.linalg.lapack import dpstrf

from cxspark.contracts.errors import ConfigError

Floats = NDArray[np.float64]

# Of a column's variance, what the others must leave unexplained: far above what rounding leaves of
# a sum of millions, far below anything that was measured.
_UNEXPLAINED = 1e-10
# A column of whose variance another explains less isn't named as a reason.
_REASON = 1e-6


@dataclass(frozen=True)
class Remedy:
    """What makes a covariance S of d columns regular; both may be asked for, shrinkage first.

    Attributes:
        ridge: r, S + r m I with m the mean variance: trace(S) / d.
        shrinkage: a, (1 - a) S + a m I, between 0 and 1 (Ledoit and Wolf 2004, eq. 14).
    """

    ridge: float = 0.0
    shrinkage: float = 0.0

    def applied(self, covariance: Floats) -> Floats:
        """The covariance, mended.

        Example:
            >>> Remedy(ridge=0.5).applied(np.ones((2, 2))).tolist()
            [[1.5, 1.0], [1.0, 1.5]]
        """
        level = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        shrunk = (1.0 - self.shrinkage) * covariance + self.shrinkage * level
        mended: Floats = shrunk + self.ridge * level
        return mended


def factor_covariance(
    covariance: Floats, names: Sequence[str], *, n_rows: int, remedy: Remedy | None = None
) -> Floats:
    """The lower Cholesky factor L, S = L L'.

    Whether S is singular is asked of the correlations, so that units don't matter: pivoted
    Cholesky takes the columns one by one, each time the one least explained by those taken.

    Args:
        covariance: columns x columns.
        names: of the columns.
        n_rows: how many points it was taken of, for the error.
        remedy: done to it first; None for nothing.

    Raises:
        ConfigError: it is singular, with the columns that depend on others, and on which.
    """
    mended = covariance if remedy is None else remedy.applied(covariance)
    problems = dependent_columns(mended, names)
    if problems:
        raise ConfigError(
            "metric mahalanobis",
            f"features none of which follows from the others, of {n_rows} customers",
            "; ".join(problems),
            "leave these out (features.without), or set ridge or shrinkage, e.g. ridge=0.01",
        )
    lower: Floats = cholesky(mended, lower=True)
    return lower


def dependent_columns(covariance: Floats, names: Sequence[str]) -> list[str]:
    """What is wrong with each column that is constant or a linear function of others.

    Example:
        >>> dependent_columns(np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 0.0]]), "abc")
        ['c is constant', 'b follows from a']
    """
    spread = np.sqrt(np.diag(covariance))
    varied = np.flatnonzero(spread > 0)
    problems = [f"{names[place]} is constant" for place in np.flatnonzero(spread == 0).tolist()]
    if not varied.size:
        return problems
    correlation = covariance[np.ix_(varied, varied)] / np.outer(spread[varied], spread[varied])
    _, pivots, rank, _ = dpstrf(correlation, tol=_UNEXPLAINED, lower=1)
    taken, left = pivots[:rank] - 1, pivots[rank:] - 1
    for one in sorted(left):
        weights = solve(correlation[np.ix_(taken, taken)], correlation[taken, one], assume_a="pos")
        reasons = sorted(taken[weights**2 > _REASON])
        others = ", ".join(names[varied[place]] for place in reasons)
        problems.append(f"{names[varied[one]]} follows from {others}")
    return problems
