"""Scores as sums over what a user has."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from cxspark.factorization.blend import BlendScorer
from cxspark.factorization.linear import LinearScorer

# What having the row's item says for the column's: not the same the other way round.
SAYS = np.array([[0, 0.5, 2], [0.25, 0, 1], [-1, 3, 0]], np.float32)
ROWS = csr_matrix(np.array([[1.0, 3, 0, 7], [0, 0, 2, 0], [0, 0, 0, 1]]))
ASKED = np.array([[2, 3, -1], [0, 1, 3], [1, -1, -1]])


def told(parts: np.ndarray) -> np.ndarray:
    """The parts of a user's items, added up: users x asked."""
    starts = ROWS.indptr
    return np.array([parts[a:b].sum(axis=0) for a, b in pairwise(starts)])


@pytest.mark.parametrize("matrix", [SAYS, csr_matrix(SAYS)], ids=["dense", "sparse"])
def test_a_score_is_the_sum_of_what_each_item_says(matrix: np.ndarray | csr_matrix) -> None:
    scorer = LinearScorer((matrix,), n_items=4)
    (scores,) = scorer.score(ROWS)
    # The first user has the first two items, log(1 + weight) of each.
    assert scores[0, 2] == pytest.approx(np.log(2) * 2 + np.log(4) * 1)
    asked = np.where(ASKED >= 0, np.take_along_axis(scores, np.maximum(ASKED, 0), axis=1), 0)
    parts = scorer.parts(ROWS, ASKED)
    assert parts[:, 0].tolist() == pytest.approx([np.log(2) * 2, np.log(4), 0, -np.log(3), 0])
    np.testing.assert_allclose(told(parts), asked, rtol=1e-6)


def test_a_blend_s_parts_and_popularity_are_its_score_but_for_the_user_s_average() -> None:
    personal = LinearScorer((SAYS,), n_items=4)
    popularity = np.array([[0.5, -1.5, 1.0, 0.25]], np.float32)
    scorer = BlendScorer(personal, popularity, (0.3,))
    (blended,), (alone,) = scorer.score(ROWS), personal.score(ROWS)
    parts, popular = scorer.parts(ROWS, ASKED)
    taken_off = 0.7 * alone[:2].mean(axis=1) / alone[:2].std(axis=1)
    for user, place in ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2)):
        total = told(parts)[user, place] + popular[user, place] - taken_off[user]
        assert total == pytest.approx(blended[user, ASKED[user, place]], rel=1e-5)
