"""Item k-NN: what is had by those who have the same items."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.evaluation.recommender import Training
from cxspark.factorization.item_products import collected, item_products
from cxspark.factorization.linear import LinearScorer
from cxspark.factorization.scoring import PersonalRecommender, PersonalScorer


@dataclass(frozen=True)
class ItemKnn(PersonalRecommender):
    """An item's score is the summed similarity to the user's items, over its k nearest.

    Source: Deshpande and Karypis, Item-based top-N recommendation algorithms, TOIS 2004.

    Attributes:
        half_life_days: days after which a weight counts half.
        neighbors: items that each item is near to.
        shrinkages: added to the denominator, so that few users in common count little: a variant
            each.
        max_items: only so many of the most popular items have a score.
    """

    half_life_days: float | None = None
    neighbors: int = 100
    shrinkages: tuple[float, ...] = (10.0,)
    max_items: int = 4000
    algorithm: ClassVar[str] = "item_knn"

    @property
    def variants(self) -> Sequence["ItemKnn"]:
        """One for each shrinkage."""
        return [replace(self, shrinkages=(one,)) for one in self.shrinkages]

    def fit(self, training: Training) -> PersonalScorer:
        """Cost: one shuffle (``item_products``)."""
        n_items = min(self.max_items, training.n_items)
        strips = item_products(training.rows(self.half_life_days), n_items=n_items)
        products = collected(strips, n_items=n_items)
        matrices = tuple(
            similarities(products, shrinkage=one, neighbors=self.neighbors)
            for one in self.shrinkages
        )
        return LinearScorer(matrices, training.n_items)


def similarities(products: NDArray[np.float64], *, shrinkage: float, neighbors: int) -> csr_matrix:
    """Cosine with shrinkage, s_ij = x_i'x_j / (|x_i| |x_j| + shrinkage), of the nearest to each j.

    Args:
        products: X'X, items x items.
        shrinkage: 0 for the plain cosine.
        neighbors: kept per column, the greatest; ties by the smaller row. Never j itself, nor what
            has nothing in common with it.

    Example:
        >>> products = np.array([[4.0, 2.0, 0.0], [2.0, 4.0, 1.0], [0.0, 1.0, 1.0]])
        >>> similarities(products, shrinkage=0.0, neighbors=1).toarray().tolist()
        [[0.0, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]
    """
    norms = np.sqrt(np.diag(products))
    below = np.outer(norms, norms) + shrinkage
    similar = np.divide(products, below, out=np.zeros_like(products), where=below > 0)
    np.fill_diagonal(similar, 0.0)
    order = np.argsort(-similar, axis=0, kind="stable")[:neighbors]
    columns = np.broadcast_to(np.arange(products.shape[0]), order.shape)
    kept = csr_matrix(
        (similar[order, columns].ravel(), (order.ravel(), columns.ravel())),
        products.shape,
        dtype=np.float32,
    )
    kept.eliminate_zeros()
    return kept
