import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score

from cxspark.trees.quality import (
    Costs,
    average_precision,
    cheapest,
    class_shares,
    mean_average_precision,
    measure,
    trace_curve,
)

# Three leaves; customers without the event, and with it.
TRAIN = np.array([[90, 10], [20, 20], [1, 9]])
TEST = np.array([[40, 5], [10, 10], [2, 3]])
SHARES = class_shares(TRAIN)[:, 1]


def as_rows(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each customer the leaf and the class."""
    leaf, actual = np.indices(counts.shape)
    return np.repeat(leaf.ravel(), counts.ravel()), np.repeat(actual.ravel(), counts.ravel())


def test_the_curve_has_a_point_for_each_threshold_that_matters() -> None:
    points = trace_curve(SHARES, TEST, event=1, costs=Costs(1.0, 3.0))
    found = [(p.threshold, p.n_flagged, p.n_hits, p.precision, p.recall, p.cost) for p in points]
    assert found == [
        (math.inf, 0, 0, None, 0.0, 54.0),
        (0.9, 5, 3, 3 / 5, 3 / 18, 47.0),
        (0.5, 25, 13, 13 / 25, 13 / 18, 27.0),
        (0.1, 70, 18, 18 / 70, 1.0, 52.0),
    ]
    assert cheapest(points).threshold == 0.5


def test_dear_false_alarms_flag_nobody_and_ties_bother_the_fewest() -> None:
    dear = trace_curve(SHARES, TEST, event=1, costs=Costs(100.0, 1.0))
    assert cheapest(dear).threshold == math.inf
    even = trace_curve(np.array([0.9, 0.5]), np.array([[0, 1], [1, 1]]), event=1, costs=Costs(1, 1))
    assert [point.cost for point in even] == [2.0, 1.0, 1.0]
    assert cheapest(even).threshold == 0.9


def test_average_precision_is_scikit_learn_s() -> None:
    leaf, actual = as_rows(TEST)
    expected = average_precision_score(actual, SHARES[leaf])
    assert average_precision(SHARES, TEST, event=1) == pytest.approx(expected)
    assert average_precision(np.array([0.2] * 3), TEST, event=1) == pytest.approx(18 / 70)
    assert average_precision(SHARES, TEST * [[1, 0]], event=1) is None


def test_the_metrics_are_scikit_learn_s() -> None:
    leaf, actual = as_rows(TEST)
    predicted = [0, 1, 1]
    guess = np.array(predicted)[leaf]
    found = measure(TEST, predicted, event=1, costs=Costs(1.0, 3.0))
    assert found["accuracy"] == pytest.approx((guess == actual).mean())
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(actual, guess))
    assert found["f1"] == pytest.approx(f1_score(actual, guess))
    assert (found["precision"], found["recall"]) == (13 / 25, 13 / 18)
    assert found["cost_per_customer"] == pytest.approx(27 / 70)


def test_of_three_classes_the_mean_is_told_and_no_cost() -> None:
    counts = np.array([[5, 1, 0], [0, 3, 1], [1, 0, 4]])
    leaf, actual = as_rows(counts)
    found = measure(counts, [0, 1, 2], event=None, costs=Costs(1.0, 1.0))
    assert found["f1"] == pytest.approx(f1_score(actual, leaf, average="macro"))
    assert "cost_per_customer" not in found
    shares = class_shares(counts)
    expected = [average_precision_score(actual == one, shares[leaf, one]) for one in range(3)]
    found_mean = mean_average_precision(counts, counts, events=range(3))
    assert found_mean == pytest.approx(np.mean(expected))


def test_what_nobody_has_is_not_measured() -> None:
    found = measure(np.zeros((2, 2), np.int64), [0, 1], event=1, costs=Costs(1.0, 1.0))
    assert set(found.values()) == {None}
