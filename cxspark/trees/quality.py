"""How good a tree is, from how many customers of each class its leaves hold."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """Of acting on a customer without the event, and of not acting on one with it."""

    false_positive: float
    false_negative: float


@dataclass(frozen=True)
class CurvePoint:
    """What follows from acting on all leaves whose share of the event reaches a threshold.

    Attributes:
        threshold: infinity for acting on nobody.
        n_flagged: customers in these leaves.
        n_hits: of them, those with the event.
        precision: hits / flagged, None where nobody is.
        recall: hits / events, None where there are none.
        cost: of all the false positives and negatives.
    """

    threshold: float
    n_flagged: int
    n_hits: int
    precision: float | None
    recall: float | None
    cost: float


def class_shares(train: Counts) -> Floats:
    """The share of each class in each leaf: leaves x classes; 0 in an empty leaf."""
    shares: Floats = train / np.maximum(train.sum(axis=1, keepdims=True), 1)
    return shares


def trace_curve(shares: Floats, counts: Counts, *, event: int, costs: Costs) -> list[CurvePoint]:
    """One point per threshold that makes a difference, the highest first.

    Args:
        shares: of the event in each leaf, among customers to learn from.
        counts: leaves x classes of the customers that are judged.
        event: the class that counts as positive.
        costs: of both errors.
    """
    n_events = int(counts[:, event].sum())
    points = []
    for threshold in (math.inf, *np.unique(shares)[::-1].tolist()):
        acted = counts[shares >= threshold]
        n_flagged, n_hits = int(acted.sum()), int(acted[:, event].sum())
        cost = costs.false_positive * (n_flagged - n_hits)
        cost += costs.false_negative * (n_events - n_hits)
        points.append(
            CurvePoint(
                threshold,
                n_flagged,
                n_hits,
                _ratio(n_hits, n_flagged),
                _ratio(n_hits, n_events),
                cost,
            )
        )
    return points


def cheapest(points: Sequence[CurvePoint]) -> CurvePoint:
    """The point of least cost; of equal ones the highest threshold, which bothers the fewest."""
    return min(points, key=lambda point: (point.cost, -point.threshold))


def average_precision(shares: Floats, counts: Counts, *, event: int) -> float | None:
    """The mean precision over the recall: sum of (R_i - R_i-1) P_i; None without events.

    Leaves of equal share come in together, so that their order changes nothing.
    """
    points = trace_curve(shares, counts, event=event, costs=Costs(1.0, 1.0))
    total, before = 0.0, 0.0
    for point in points:
        if point.recall is None:
            return None
        total += (point.recall - before) * (point.precision or 0.0)
        before = point.recall
    return total


def mean_average_precision(train: Counts, counts: Counts, *, events: Sequence[int]) -> float | None:
    """The mean of the classes' average precision, of those that there are."""
    shares = class_shares(train)
    found = [average_precision(shares[:, one], counts, event=one) for one in events]
    known = [one for one in found if one is not None]
    return sum(known) / len(known) if known else None


def measure(
    counts: Counts, predicted: Sequence[int], *, event: int | None, costs: Costs
) -> Mapping[str, float | None]:
    """Accuracy and its kin; precision, recall and F1 are of the event, or means over the classes.

    Args:
        counts: leaves x classes of the customers that are judged.
        predicted: the class that each leaf stands for.
        event: of two classes the one that counts as positive; None of more.
        costs: of the errors, used where there is an event.
    """
    n_classes = counts.shape[1]
    confusion = np.zeros((n_classes, n_classes), np.int64)
    for leaf, guess in enumerate(predicted):
        confusion[:, guess] += counts[leaf]
    right, actual, guessed = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    precisions = [_ratio(n, total) for n, total in zip(right, guessed, strict=True)]
    recalls = [_ratio(n, total) for n, total in zip(right, actual, strict=True)]
    f1 = [_ratio(2 * n, a + g) for n, a, g in zip(right, actual, guessed, strict=True)]
    n_rows = int(counts.sum())
    found = {
        "accuracy": _ratio(right.sum(), n_rows),
        "balanced_accuracy": _mean(recalls),
    }
    for name, values in (("precision", precisions), ("recall", recalls), ("f1", f1)):
        found[name] = _mean(values) if event is None else values[event]
    if event is not None:
        wrong = costs.false_positive * int(guessed[event] - right[event])
        wrong += costs.false_negative * int(actual[event] - right[event])
        found["cost_per_customer"] = _ratio(wrong, n_rows)
    return found


def _ratio(part: float, total: float) -> float | None:
    return float(part / total) if total else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) / len(known) if known else None
