import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from cxspark.neighbors.scoring import (
    Picks,
    fill_with_popular,
    pick_from_neighbors,
    share_picks,
)


@st.composite
def neighborhoods(draw: st.DrawFn) -> tuple[np.ndarray, list[list[int]], np.ndarray]:
    """Users' neighbours (rows of a matrix), their weights, and what users have."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_users, n_items = draw(st.integers(1, 8)), draw(st.integers(1, 10))
    sizes = rng.integers(0, 5, n_users)
    owners = [list(range(end - size, end)) for size, end in zip(sizes, sizes.cumsum(), strict=True)]
    share = draw(st.sampled_from([0.2, 0.7]))
    weights = rng.integers(1, 3, (sizes.sum(), n_items)) * (
        rng.random((sizes.sum(), n_items)) < share
    )
    return weights.astype(float), owners, rng.random((n_users, n_items)) < 0.3


def as_matrices(
    weights: np.ndarray, owners: list[list[int]], has: np.ndarray
) -> tuple[csr_matrix, csr_matrix, csr_matrix]:
    starts = np.cumsum([0, *map(len, owners)])
    counts = 1.0 / (1.0 + np.arange(len(weights)) % 3)
    links = csr_matrix((counts, np.arange(len(weights)), starts), (len(owners), len(weights)))
    seen = csr_matrix(has.astype(float))
    seen.data[:] = 0.0  # the user has it, whatever its weight
    return links, csr_matrix(weights), seen


def by_user(picks: Picks, n_users: int) -> list[list[tuple[int, float]]]:
    chosen: list[list[tuple[int, float]]] = [[] for _ in range(n_users)]
    entries = zip(*(part.tolist() for part in vars(picks).values()), strict=True)
    for user, column, rank, score in entries:
        chosen[user].append((column, score))
        assert rank == len(chosen[user])
    return chosen


@settings(max_examples=200)
@given(neighborhoods(), st.integers(1, 6))
def test_picks_are_the_items_of_greatest_total_weight_not_seen(
    neighborhood: tuple[np.ndarray, list[list[int]], np.ndarray], n: int
) -> None:
    weights, owners, has = neighborhood
    links, neighbors, seen = as_matrices(*neighborhood)
    picks = by_user(pick_from_neighbors(links, neighbors, seen, n), len(owners))
    for user, rows in enumerate(owners):
        totals = [
            sum(links.data[row] * weights[row, item] for row in rows)
            for item in range(weights.shape[1])
        ]
        best = sorted(
            (-total, item) for item, total in enumerate(totals) if total > 0 and not has[user, item]
        )
        assert picks[user] == [(item, -total) for total, item in best[:n]]


@settings(max_examples=200)
@given(neighborhoods(), st.integers(1, 6))
def test_shares_add_up_to_the_score_nearest_first(
    neighborhood: tuple[np.ndarray, list[list[int]], np.ndarray], n: int
) -> None:
    weights, owners, _ = neighborhood
    links, neighbors, seen = as_matrices(*neighborhood)
    picks = pick_from_neighbors(links, neighbors, seen, n)
    shares = share_picks(picks, links, neighbors)
    for pick, (user, column) in enumerate(zip(picks.user, picks.column, strict=True)):
        mine = shares.pick == pick
        givers = [row for row in owners[user] if weights[row, column] > 0]
        assert shares.link[mine].tolist() == givers
        assert sum(shares.contribution[mine].tolist()) == picks.score[pick]
    assert np.array_equal(shares.pick, np.sort(shares.pick))


def test_popular_items_fill_up_after_the_picks_without_those_seen() -> None:
    picks = Picks(np.array([0]), np.array([3]), np.array([1]), np.array([2.0]))
    seen = csr_matrix(([0.0, 0.0], [1, 2], [0, 1, 2]), (2, 5))
    popular, counts = np.array([1, 3, 0, 2]), np.array([3.0, 9.0, 1.0, 5.0, 0.0])
    more = fill_with_popular(picks, seen, popular, counts, 3)
    assert more.user.tolist() == [0, 0, 1, 1, 1]
    assert more.column.tolist() == [0, 2, 1, 3, 0]
    assert more.rank.tolist() == [2, 3, 1, 2, 3]
    assert more.score.tolist() == [3.0, 1.0, 9.0, 5.0, 3.0]


def test_nothing_is_filled_up_where_all_have_enough() -> None:
    picks = Picks(np.array([0]), np.array([0]), np.array([1]), np.array([2.0]))
    more = fill_with_popular(picks, csr_matrix((1, 2)), np.array([0, 1]), np.array([2.0, 1.0]), 1)
    assert more.user.size == 0
