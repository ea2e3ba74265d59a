"""A user's factors from what she did, given the items' factors; and what each deed gave.

The normal equations of alternating least squares, as MLlib solves them for the users in the last
half of its last iteration: whoever was in the training gets the factors she got there, whoever
wasn't gets those that she would have got with these items.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.contracts.errors import ContractError

Factors = NDArray[np.float32]
Floats = NDArray[np.float64]
# Users whose equations are solved together: at rank 64 their matrices take 2 MB, a core's cache.
_TOGETHER = 64


@dataclass(frozen=True)
class FoldIn:
    """Items' factors and how they were trained.

    Implicit (Hu, Koren, Volinsky 2008, equation 4): the weights are confidence. With Y the items'
    factors, a weight r gives c = alpha |r|, and a user's factors x solve
    (Y'Y + sum of c y y' + reg n I) x = sum of (1 + c) y over her positive weights,
    where n counts these. A negative weight is confidence that she doesn't want the item; zero says
    nothing. Explicit: (sum of y y' + reg n I) x = sum of r y, over all her n weights. The penalty
    grows with n: ALS-WR (Zhou et al. 2008), as MLlib has it.

    Attributes:
        items: items x rank, finite; a row of zeros for an item that the training hadn't.
        reg: the penalty, not negative.
        alpha: confidence for each unit of weight; implicit only.
        implicit: weights are confidence, not marks.
    """

    items: Factors
    reg: float
    alpha: float
    implicit: bool

    @cached_property
    def _exact(self) -> Floats:
        return self.items.astype(np.float64)

    @cached_property
    def _gram(self) -> Floats:
        """Y'Y; what all items that a user hasn't touched say of her."""
        rank = self.items.shape[1]
        return self._exact.T @ self._exact if self.implicit else np.zeros((rank, rank))

    def users(self, rows: csr_matrix) -> Factors:
        """The users' factors: users x rank.

        Args:
            rows: users x items: their weights, one entry for each item; finite.

        Returns:
            Zeros for a user who has nothing to learn from: no positive weight (implicit), none at
            all (explicit).

        Raises:
            ContractError: a weight isn't finite, or a user's equations have no single solution.

        Cost: rank squared for each weight and rank cubed for each user; memory for 64 users'
        equations.
        """
        rows = _checked(rows)
        solved = np.zeros((rows.shape[0], self.items.shape[1]), np.float32)
        for first in range(0, rows.shape[0], _TOGETHER):
            part = rows[first : first + _TOGETHER]
            left, right = self._equations(part)
            solved[first : first + _TOGETHER] = _solve(left, right[:, :, None])[:, :, 0]
        return solved

    def contributions(self, rows: csr_matrix, picks: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """What each of a user's weights gave to the scores of items picked for her.

        The score of item i is y_i' A^-1 b, and b is a sum over her weights: so is the score
        (Hu, Koren, Volinsky 2008, section 5).

        Args:
            rows: users x items, as in ``users``.
            picks: users x n, columns of items; -1 for none.

        Returns:
            For each entry of ``rows``, in its order, n parts: entries x n, zero where there is no
            pick. And the users' factors, users x rank, with which each column's parts add up to
            the product of factors.

        Cost: as ``users``, and n x rank for each weight.
        """
        rows = _checked(rows)
        parts = np.zeros((rows.nnz, picks.shape[1]))
        solved = np.zeros((rows.shape[0], self.items.shape[1]))
        for first in range(0, rows.shape[0], _TOGETHER):
            part, chosen = rows[first : first + _TOGETHER], picks[first : first + _TOGETHER]
            left, right = self._equations(part)
            wanted = np.where((chosen >= 0)[:, :, None], self._exact[chosen], 0.0)
            answers = _solve(left, np.concatenate([right[:, None], wanted], 1).transpose(0, 2, 1))
            solved[first : first + _TOGETHER] = answers[:, :, 0]
            # A is symmetric: y_i' A^-1 y_j is y_j' times the solution for y_i.
            starts, offset = part.indptr, rows.indptr[first]
            gains = self._gains(part.data)[:, None]
            for user in range(part.shape[0]):
                mine = slice(starts[user], starts[user + 1])
                given = self._exact[part.indices[mine]] @ answers[user, :, 1:]
                parts[offset + mine.start : offset + mine.stop] = given * gains[mine]
        return parts, solved

    def _gains(self, weights: Floats) -> Floats:
        """What stands before y on the right side, for each weight."""
        if not self.implicit:
            return weights
        gains: Floats = np.where(weights > 0, 1.0 + self.alpha * weights, 0.0)
        return gains

    def _equations(self, rows: csr_matrix) -> tuple[Floats, Floats]:
        """Left and right side for each user: a matrix and a vector."""
        rank = self.items.shape[1]
        left = np.empty((rows.shape[0], rank, rank))
        right = np.zeros((rows.shape[0], rank))
        gains = self._gains(rows.data)
        confidence = self.alpha * np.abs(rows.data) if self.implicit else np.ones(rows.nnz)
        counted = rows.data > 0 if self.implicit else np.ones(rows.nnz, bool)
        before = np.concatenate([[0], np.cumsum(counted)])
        n = np.diff(before[rows.indptr])
        for user in range(rows.shape[0]):
            mine = slice(rows.indptr[user], rows.indptr[user + 1])
            theirs = self._exact[rows.indices[mine]]
            np.matmul(theirs.T * confidence[mine], theirs, out=left[user])
            right[user] = gains[mine] @ theirs
        left += self._gram
        # Who has nothing to learn from gets zeros, whatever the matrix is.
        left[n == 0] = np.eye(rank)
        left[:, range(rank), range(rank)] += (self.reg * n)[:, None]
        return left, right


def _checked(rows: csr_matrix) -> csr_matrix:
    """The weights as MLlib takes them, in single precision."""
    if not np.isfinite(rows.data).all():
        raise ContractError(
            "weights",
            "finite numbers",
            f"{np.sum(~np.isfinite(rows.data))} that aren't",
            "filter such cells, or mend the job that made them",
        )
    data = rows.data.astype(np.float32).astype(np.float64)
    return csr_matrix((data, rows.indices, rows.indptr), rows.shape)


def _solve(left: Floats, right: Floats) -> Floats:
    try:
        return np.linalg.solve(left, right).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        raise ContractError(
            "reg",
            "more than 0 where users have fewer weights than factors have numbers",
            "equations without a single solution",
            "train with reg above 0",
        ) from None
