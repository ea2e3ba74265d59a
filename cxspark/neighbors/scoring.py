"""What the neighbours of some users have that they haven't, in numpy and scipy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.distance import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Picks:
    """Items chosen for users, one entry each, by user, the best first.

    Attributes:
        user: row number.
        column: which item.
        rank: from 1.
        score: what they were chosen by.
    """

    user: Ints
    column: Ints
    rank: Ints
    score: Floats


@dataclass(frozen=True)
class Shares:
    """Which neighbour gave how much to which pick, one entry each, by pick, the nearest first.

    Attributes:
        pick: number of the pick.
        link: row number of the neighbour among all users' neighbours.
        contribution: adds up to the pick's score.
    """

    pick: Ints
    link: Ints
    contribution: Floats


def pick_from_neighbors(
    links: csr_matrix, neighbors: csr_matrix, seen: csr_matrix, n: int
) -> Picks:
    """The n items of greatest total weight among the neighbours', without those seen.

    Args:
        links: users x neighbours, what each neighbour counts; each user's by ascending distance.
        neighbors: neighbours x items, positive weights.
        seen: users x items, a cell for each item the user has, be it zero.
        n: how many; fewer where the neighbours have no more.

    Returns:
        The picks; ties by the smaller column.

    Example:
        >>> links = csr_matrix([[1.0, 1.0]])
        >>> neighbors = csr_matrix([[1.0, 2.0, 0.0], [1.0, 1.0, 1.0]])
        >>> picks = pick_from_neighbors(links, neighbors, csr_matrix([[0.0, 1.0, 0.0]]), 5)
        >>> picks.column.tolist(), picks.score.tolist()
        ([0, 2], [2.0, 1.0])
    """
    scores = (links @ neighbors).tocsr()
    scores.sort_indices()
    has = csr_matrix((np.ones(seen.nnz), seen.indices, seen.indptr), seen.shape)
    scores = (scores - scores.multiply(has)).tocsr()
    scores.eliminate_zeros()
    user = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    # Columns ascend within a user and the sort is stable: of equal scores the smaller column wins.
    order = np.lexsort((-scores.data, user))
    rank = np.arange(1, order.size + 1) - scores.indptr[user]
    best = rank <= n
    order = order[best]
    return Picks(user[best], scores.indices[order].astype(np.int64), rank[best], scores.data[order])


def share_picks(picks: Picks, links: csr_matrix, neighbors: csr_matrix) -> Shares:
    """Which neighbour gave how much to each pick."""
    n_users, n_items = links.shape[0], neighbors.shape[1]
    keys = picks.user * n_items + picks.column
    order = np.argsort(keys)
    starts = np.searchsorted(picks.user, np.arange(n_users + 1))
    pattern = csr_matrix((np.ones(keys.size), keys[order] % n_items, starts), (n_users, n_items))
    owner = np.repeat(np.arange(n_users), np.diff(links.indptr))
    given = pattern[owner].multiply(neighbors[links.indices]).tocsr()
    link = np.repeat(np.arange(owner.size), np.diff(given.indptr))
    pick = order[np.searchsorted(keys[order], owner[link] * n_items + given.indices)]
    contribution = given.data * links.data[link]
    by_pick = np.lexsort((link, pick))
    neighbor = links.indices[link[by_pick]].astype(np.int64)
    return Shares(pick[by_pick], neighbor, contribution[by_pick])


def fill_with_popular(
    picks: Picks, seen: csr_matrix, popular: Ints, counts: Floats, n: int
) -> Picks:
    """For users with fewer than n picks the most popular items they haven't, after their picks.

    Args:
        picks: what they have been given.
        seen: users x items, a cell for each item the user has.
        popular: columns, the most popular first.
        counts: score of each column.
        n: how many a user shall have in the end.
    """
    found = np.bincount(picks.user, minlength=seen.shape[0])
    users = np.concatenate([np.repeat(np.arange(found.size), np.diff(seen.indptr)), picks.user])
    taken = np.concatenate([seen.indices, picks.column])
    has = csr_matrix((np.ones(users.size), (users, taken)), seen.shape)
    columns = np.full((found.size, n), -1, np.int64)
    owners = np.full(seen.shape[1], -1)
    _enter_free(popular, n - found, (has.indptr, has.indices), owners, columns)
    user, place = np.nonzero(columns >= 0)
    column = columns[user, place]
    return Picks(user, column, found[user] + place + 1, counts[column])


@compiled
def _enter_free(
    popular: Ints,
    wanted: Ints,
    has: tuple[NDArray[np.int32], NDArray[np.int32]],
    owners: Ints,
    columns: Ints,
) -> None:
    """Write into each user's line the first columns that she hasn't taken, as many as wanted."""
    starts, taken = has
    for user in range(wanted.size):
        for cell in range(starts[user], starts[user + 1]):
            owners[taken[cell]] = user
        place = 0
        for column in popular:
            if place >= wanted[user]:
                break
            if owners[column] != user:
                columns[user, place] = column
                place += 1
