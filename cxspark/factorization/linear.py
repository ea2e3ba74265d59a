"""Scores that are sums over what a user has: a row times an item x item matrix."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from cxspark.factorization.item_products import damped
from cxspark.factorization.scoring import Scores


@dataclass(frozen=True)
class LinearScorer:
    """Scores of a user: her damped weights times a matrix.

    Attributes:
        matrices: one per variant, items x items: what having the one says for the other. It may be
            of the first items only; the others get no score but 0.
        n_items: items of the catalogue.
    """

    matrices: tuple[NDArray[np.float32] | csr_matrix, ...]
    n_items: int

    def score(self, rows: csr_matrix) -> Iterator[Scores]:
        """Users x items, zero for a user who has nothing."""
        for matrix in self.matrices:
            known = matrix.shape[0]
            product = damped(rows, known).astype(np.float32) @ matrix
            scores = np.zeros((rows.shape[0], self.n_items), np.float32)
            scores[:, :known] = product.toarray() if issparse(product) else product
            yield scores

    def parts(self, rows: csr_matrix, columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """A weight times what its item says for the other; of one variant."""
        (matrix,) = self.matrices
        weights = damped(rows, self.n_items)
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(weights.indptr))
        had, asked = np.broadcast_arrays(weights.indices[:, None], columns[owner])
        known = (had < matrix.shape[0]) & (asked >= 0) & (asked < matrix.shape[0])
        says = np.zeros(known.shape)
        says[known] = np.asarray(matrix[had[known], asked[known]]).ravel()
        given: NDArray[np.float64] = says * weights.data[:, None]
        return given
