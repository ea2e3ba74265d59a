"""The space in which distances are taken: features as they are, scaled, or whitened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from cxspark.contracts.errors import ConfigError
from cxspark.distance.covariance import Remedy, factor_covariance
from cxspark.distance.moments import Moments

Scale = Literal["none", "standard", "minmax"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Space:
    """A linear map of points; the distance of two points is that of their places.

    Attributes:
        offset: one per column, what is taken off it.
        factor: one per column, what it is multiplied by then.
        whitening: columns x columns, what the rows are multiplied by at last; None for nothing.
    """

    offset: Floats
    factor: Floats
    whitening: Floats | None = None

    def place(self, values: Floats) -> Floats:
        """Where the points lie; columns beyond the space's stay as they are.

        Elementwise, in the order of the columns, so that equal points have equal places whatever
        stands beside them.

        Example:
            >>> space = Space(np.array([1.0]), np.array([2.0]))
            >>> space.place(np.array([[3.0, 7.0]])).tolist()
            [[4.0, 7.0]]
        """
        own = self.offset.size
        placed = values.copy()
        placed[:, :own] = (values[:, :own] - self.offset) * self.factor
        if self.whitening is not None:
            scaled = placed[:, :own].copy()
            placed[:, :own] = 0.0
            for place, row in enumerate(self.whitening):
                placed[:, :own] += scaled[:, place : place + 1] * row
        return placed


def fit_space(
    moments: Moments,
    names: Sequence[str],
    *,
    scale: Scale,
    whiten: bool = False,
    remedy: Remedy | None = None,
) -> Space:
    """The space that some points ask for.

    - none: features as they are. standard: less the mean, by the standard deviation (over n).
      minmax: from 0 to 1.
    - whiten: then multiplied by the inverse of the covariance's Cholesky factor L, S = L L', so
      that Euclid's distance of two places is Mahalanobis': ``sqrt((p-q)' S^-1 (p-q))``.

    Args:
        moments: of the points.
        names: of the columns, for errors.
        scale: none, standard or minmax.
        whiten: for Mahalanobis.
        remedy: what is done to the covariance before it is factored.

    Raises:
        ConfigError: there are no points; a column to be scaled is constant; the covariance is
            singular. The columns are named.
    """
    if not names or not moments.n_rows:
        raise ConfigError(
            "features",
            "numeric features, and customers who have them all",
            f"{len(names)} features, {moments.n_rows} such customers",
            "choose features that are known of more customers: features.numbers, features.without",
        )
    offset, factor = np.zeros(len(names)), np.ones(len(names))
    if scale != "none":
        _require_spread(moments, names, scale)
        offset = moments.mean if scale == "standard" else moments.least
        deviation = np.sqrt(np.diag(moments.comoments) / moments.n_rows)
        factor = 1.0 / (deviation if scale == "standard" else moments.greatest - moments.least)
    if not whiten:
        return Space(offset, factor)
    # What is constant has no variance, whatever rounding has left of it.
    weight = np.where(moments.least < moments.greatest, factor, 0.0)
    covariance = moments.covariance() * np.outer(weight, weight)
    lower = factor_covariance(covariance, names, n_rows=moments.n_rows, remedy=remedy)
    inverse = solve_triangular(lower, np.eye(len(names)), lower=True)
    # Distances don't depend on the origin; near the points their places are rounded least.
    return Space(moments.mean, factor, inverse.T)


def _require_spread(moments: Moments, names: Sequence[str], scale: Scale) -> None:
    constant = np.flatnonzero(moments.least == moments.greatest)
    if constant.size:
        named = ", ".join(names[place] for place in constant.tolist())
        raise ConfigError(
            "scale",
            f"features that differ between customers, to be scaled by {scale}",
            f"the same value everywhere of {named}",
            "leave them out (features.without): they tell nobody from another",
        )
