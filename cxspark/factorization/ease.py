"""EASE: the linear model that tells each item best from a user's other items."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cxspark.evaluation.recommender import Training
from cxspark.factorization.item_products import collected, item_products
from cxspark.factorization.linear import LinearScorer
from cxspark.factorization.scoring import PersonalRecommender, PersonalScorer


@dataclass(frozen=True)
class Ease(PersonalRecommender):
    """Ridge regression of every item on all others, in closed form.

    Source: H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019, eq. 8.

    Attributes:
        half_life_days: days after which a weight counts half.
        penalties: the ridge, a variant each.
        max_items: only so many of the most popular items have a score.
    """

    half_life_days: float | None = 30.0
    penalties: tuple[float, ...] = (100.0,)
    max_items: int = 4000
    algorithm: ClassVar[str] = "ease"

    @property
    def variants(self) -> Sequence["Ease"]:
        """One for each penalty."""
        return [replace(self, penalties=(one,)) for one in self.penalties]

    def fit(self, training: Training) -> PersonalScorer:
        """Cost: one shuffle (``item_products``), and an inversion of max_items^3 on the driver."""
        n_items = min(self.max_items, training.n_items)
        strips = item_products(training.rows(self.half_life_days), n_items=n_items)
        products = collected(strips, n_items=n_items)
        matrices = tuple(weights_between(products, penalty=one) for one in self.penalties)
        return LinearScorer(matrices, training.n_items)


def weights_between(products: NDArray[np.float64], *, penalty: float) -> NDArray[np.float32]:
    """EASE's matrix: B = I - P diag(1 / diag(P)), where P = (X'X + penalty I)^-1.

    Its diagonal is zero: an item says nothing for itself.

    Args:
        products: X'X, items x items.
        penalty: greater than 0, or the inverse may not exist.

    Example:
        >>> weights_between(np.array([[2.0, 1.0], [1.0, 1.0]]), penalty=0.5).tolist()
        [[0.0, 0.4000000059604645], [0.6666666865348816, 0.0]]
    """
    size = np.arange(products.shape[0])
    ridged = products.copy()
    ridged[size, size] += penalty
    # LAPACK's inversion of symmetric matrices (potrf, potri) was no quicker.
    inverse = np.linalg.inv(ridged)
    inverse /= -np.diag(inverse)
    inverse[size, size] = 0.0
    return inverse.astype(np.float32)
