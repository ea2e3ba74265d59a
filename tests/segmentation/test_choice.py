import numpy as np
import pytest

from cxspark.segmentation.choice import best_of_each, choose_trial, measure_elbow
from cxspark.segmentation.clusters import Trial


def trial(k: int, sse: float, silhouette=0.5, index=1.0, *, seed=1, found=None) -> Trial:
    n = found or k
    return Trial(k, seed, np.zeros((n, 1)), [1] * n, [sse / n] * n, silhouette, index)


CURVE = [trial(2, 100, 0.7), trial(3, 40, 0.6), trial(4, 30, 0.5, 0.2), trial(5, 20)]


@pytest.mark.parametrize(
    ("by", "k", "reason"),
    [
        (
            "elbow",
            3,
            "k = 3: the curve of SSE from k = 2 to 5 bends most there, 0.42 of its height below "
            "the straight line; by the others: silhouette k = 2, davies-bouldin k = 4",
        ),
        (
            "silhouette",
            2,
            "k = 2: its silhouette is the highest, 0.700; by the others: elbow k = 3, "
            "davies-bouldin k = 4",
        ),
        (
            "davies_bouldin",
            4,
            "k = 4: its Davies-Bouldin index is the lowest, 0.200; by the others: elbow k = 3, "
            "silhouette k = 2",
        ),
    ],
)
def test_each_criterion_has_its_choice_and_tells_the_others(by, k, reason):
    chosen, why = choose_trial(CURVE, by=by)
    assert (chosen.k, why) == (k, reason)


def test_a_straight_curve_has_no_elbow_and_the_silhouette_decides():
    straight = [trial(2, 30, 0.1), trial(3, 20, 0.4), trial(4, 10, 0.2)]
    chosen, why = choose_trial(straight, by="elbow")
    assert chosen.k == 3
    assert why.startswith("k = 3: the curve of SSE has no bend; its silhouette is the highest")


def test_a_curve_that_bends_the_other_way_lies_above_the_line():
    assert measure_elbow([2, 3, 4], [10, 9, 0]) == [0, pytest.approx(-0.4), 0]


def test_a_k_is_spoken_for_by_its_best_seed_that_found_all_clusters():
    trials = [trial(2, 9, seed=1), trial(2, 8, seed=2), trial(3, 1, found=2), trial(2, 8, seed=3)]
    assert [(one.k, one.seed) for one in best_of_each(trials)] == [(2, 2)]


def test_where_no_trial_found_all_its_clusters_the_most_are_taken():
    chosen, why = choose_trial([trial(5, 0, found=2), trial(6, 0, found=3)], by="elbow")
    assert (chosen.k, why) == (6, "3 clusters: no other number was tried, or found")
