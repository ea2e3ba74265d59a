import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import davies_bouldin_score, silhouette_score

from cxspark.segmentation.cluster_kernel import (
    DISTANCE,
    FIRST_SUM,
    SQUARES,
    N,
    davies_bouldin,
    nearest,
    squared_distances,
    sum_silhouettes,
    tally,
)

POINTS = np.array([[0.0, 0.0], [2.0, 0.0], [10.0, 0.0], [14.0, 3.0]])
CENTRES = np.array([[1.0, 0.0], [10.0, 0.0]])


def settled(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres that are the means of the points nearest to them, none empty; and the labels."""
    centres = np.unique(points, axis=0)[:k]
    for _ in range(100):
        labels, _ = nearest(points, centres)
        centres = np.array([points[labels == one].mean(axis=0) for one in np.unique(labels)])
    return centres, nearest(points, centres)[0]


@st.composite
def clouds(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n, d = draw(st.integers(4, 25)), draw(st.integers(1, 4))
    whole = st.lists(st.integers(-9, 9), min_size=n * d, max_size=n * d)
    points = np.array(draw(whole), float).reshape(n, d)
    centres, labels = settled(points, draw(st.integers(2, 6)))
    return points, np.array(centres) if len(np.unique(labels)) == len(centres) else centres[:0]


def test_what_is_summed_of_each_cluster():
    told = tally(POINTS, CENTRES)
    assert told[:, N].tolist() == [2, 2]
    assert told[:, DISTANCE].tolist() == [2, 5]
    assert told[:, SQUARES].tolist() == [2, 25]
    assert told[:, FIRST_SUM:].tolist() == [[2, 0], [24, 3]]


def test_of_equally_near_centres_the_first():
    labels, squares = nearest(np.array([[1.0]]), np.array([[2.0], [0.0], [2.0]]))
    assert (labels.tolist(), squares.tolist()) == ([0], [1.0])


def test_far_from_the_origin_distances_keep_their_digits():
    far = 1e9
    squares = squared_distances(np.array([[far + 3.0, far]]), np.array([[far, far + 4.0]]))
    assert squares.tolist() == [[25.0]]


@given(clouds())
def test_silhouette_and_davies_bouldin_are_those_of_scikit_learn(cloud):
    points, centres = cloud
    labels, _ = nearest(points, centres) if len(centres) else (np.zeros(1), None)
    if not 2 <= len(np.unique(labels)) < len(points):
        return  # scikit-learn defines neither
    told = tally(points, centres)
    mean = sum_silhouettes(points, centres, told) / len(points)
    assert mean == pytest.approx(silhouette_score(points, labels, metric="sqeuclidean"), abs=1e-9)
    assert davies_bouldin(centres, told) == pytest.approx(davies_bouldin_score(points, labels))


def test_a_part_of_the_points_gives_its_part_of_the_silhouettes():
    told = tally(POINTS, CENTRES)
    parts = [sum_silhouettes(part, CENTRES, told) for part in (POINTS[:1], POINTS[1:])]
    assert sum(parts) == pytest.approx(sum_silhouettes(POINTS, CENTRES, told))


def test_a_silhouette_by_hand_where_a_centre_isn_t_the_mean():
    # Of the first point: a = 4, b = (100 + 205) / 2.
    told = tally(POINTS, CENTRES)
    b = (100 + 205) / 2
    assert sum_silhouettes(POINTS[:1], CENTRES, told) == pytest.approx((b - 4) / b)
