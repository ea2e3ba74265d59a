"""The items that suit a user best by factors, exactly, without those she has."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.factorization.kernel import Factors, Floats, greatest_scores


def top_items(
    users: Factors,
    items: Factors,
    seen: csr_matrix,
    *,
    n: int,
    eligible: NDArray[np.bool_] | None = None,
) -> tuple[Floats, NDArray[np.int64]]:
    """For each user the n eligible items of greatest score that she hasn't, the best first.

    Args:
        users: users x rank, finite.
        items: items x rank, finite.
        seen: users x items, an entry for each item a user has, be it zero.
        n: at least 1.
        eligible: which items may be given at all; all by default.

    Returns:
        Scores and columns, users x n; -inf and -1 where fewer items are left. Of equal scores the
        smaller column is first.

    Raises:
        ContractError: a factor isn't finite.

    Example:
        >>> user, items = np.float32([[1.0]]), np.float32([[1.0], [3.0], [2.0], [2.0]])
        >>> seen = csr_matrix(([1.0], ([0], [1])), (1, 4))
        >>> scores, columns = top_items(user, items, seen, n=4)
        >>> columns.tolist(), scores.tolist()
        ([[2, 3, 0, -1]], [[2.0, 2.0, 1.0, -inf]])
    """
    seen = seen if seen.has_sorted_indices else seen.sorted_indices()
    if eligible is None or eligible.all():
        scores, columns = greatest_scores(users, items, (seen.indptr, seen.indices), n=n)
        return scores, columns.astype(np.int64)
    chosen = np.flatnonzero(eligible)
    # Each column's place among those eligible; others have none.
    place = np.where(eligible, np.cumsum(eligible) - 1, -1)[seen.indices]
    before = np.concatenate([[0], np.cumsum(place >= 0)])
    mine = before[seen.indptr].astype(np.int32), place[place >= 0].astype(np.int32)
    scores, columns = greatest_scores(users, items[chosen], mine, n=n)
    return scores, np.append(chosen, -1)[columns]
