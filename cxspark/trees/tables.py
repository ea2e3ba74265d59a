"""What a fitted tree has to say, as rows of its tables."""

from collections.abc import Iterator

from cxspark.trees.classes import JUDGED, TEST, TRAIN, VALIDATION
from cxspark.trees.quality import (
    class_shares,
    mean_average_precision,
    measure,
    trace_curve,
)
from cxspark.trees.readable_tree import CHOSEN_BY, ReadableTree

Cells = tuple[object, ...]


def rule_rows(tree: ReadableTree) -> Iterator[Cells]:
    """Of ``TREE_RULES``, from `leaf` on: one per leaf."""
    train, test = tree.best_.counts[TRAIN], tree.best_.counts[TEST]
    shares, overall = class_shares(train), train.sum(axis=0) / train.sum()
    for leaf, (conditions, guess) in enumerate(zip(tree.conditions_, tree.predicted_, strict=True)):
        n_rows, n_test = int(train[leaf].sum()), int(test[leaf].sum())
        confidence = float(shares[leaf, guess])
        yield (
            leaf,
            tree.paths_[leaf],
            conditions,
            n_rows,
            n_rows / int(train.sum()),
            tree.classes_[guess],
            confidence,
            confidence / float(overall[guess]),
            _event(tree),
            None if tree.event_ is None else float(shares[leaf, tree.event_]),
            n_test,
            int(test[leaf, guess]) / n_test if n_test else None,
        )


def curve_rows(tree: ReadableTree) -> Iterator[Cells]:
    """Of ``TREE_CURVE``, from `event` on: validation and test; none for more than two classes."""
    if tree.event_ is None:
        return
    shares = class_shares(tree.best_.counts[TRAIN])[:, tree.event_]
    for part in (VALIDATION, TEST):
        counts = tree.best_.counts[part]
        for point in trace_curve(shares, counts, event=tree.event_, costs=tree.costs):
            yield (
                _event(tree),
                part,
                point.threshold,
                int(counts.sum()),
                int(counts[:, tree.event_].sum()),
                point.n_flagged,
                point.n_hits,
                point.precision,
                point.recall,
                point.cost,
                point.threshold == tree.threshold_,
            )


def metric_rows(tree: ReadableTree) -> Iterator[Cells]:
    """Of ``TREE_METRICS``, from `part` on: the tree and, beside it, one leaf for everyone."""
    train = tree.best_.counts[TRAIN]
    commonest = int(train.sum(axis=0).argmax())
    events = range(len(tree.classes_)) if tree.event_ is None else [tree.event_]
    for part in JUDGED:
        counts = tree.best_.counts[part]
        alone = counts.sum(axis=0, keepdims=True)
        n_events = None if tree.event_ is None else int(counts[:, tree.event_].sum())
        models = {
            "tree": (train, counts, tree.predicted_),
            "majority": (train.sum(axis=0, keepdims=True), alone, [commonest]),
        }
        for model, (learnt, judged, predicted) in models.items():
            found = {
                **measure(judged, predicted, event=tree.event_, costs=tree.costs),
                CHOSEN_BY: mean_average_precision(learnt, judged, events=events),
            }
            for metric, value in found.items():
                yield part, model, metric, value, int(counts.sum()), _event(tree), n_events


def trial_rows(tree: ReadableTree) -> Iterator[Cells]:
    """Of ``TREE_TRIALS``, from `trial` on."""
    for place, trial in enumerate(tree.trials_, 1):
        yield (
            place,
            trial.max_depth,
            trial.min_leaf_rows,
            tree.settings.impurity,
            trial.n_leaves,
            CHOSEN_BY,
            trial.values[TRAIN],
            trial.values[VALIDATION],
            int(trial.counts[VALIDATION].sum()),
            trial is tree.best_,
        )


def _event(tree: ReadableTree) -> str | None:
    return None if tree.event_ is None else tree.classes_[tree.event_]
