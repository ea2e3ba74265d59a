"""A decision tree that is searched for, judged, and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from pyspark.ml.classification import DecisionTreeClassificationModel, DecisionTreeClassifier
from pyspark.ml.regression import DecisionTreeRegressionModel, DecisionTreeRegressor
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.features import FeatureNames
from cxspark.contracts.keeping import keep, release
from cxspark.trees.classes import (
    JUDGED,
    TRAIN,
    VALIDATION,
    choose_event,
    require_parts,
    weigh_classes,
    with_part,
)
from cxspark.trees.encoding import Encoding, learn_encoding
from cxspark.trees.feature_gain import FeatureGain
from cxspark.trees.quality import (
    Costs,
    Counts,
    cheapest,
    class_shares,
    mean_average_precision,
    trace_curve,
)
from cxspark.trees.rules import parse_leaves, read_path, read_splits
from cxspark.trees.settings import TrainTreeSettings

CHOSEN_BY = "average_precision"


@dataclass(frozen=True)
class Trial:
    """One tree that was tried.

    Attributes:
        max_depth: allowed.
        min_leaf_rows: asked for.
        model: what was fitted.
        counts: part -> leaves x classes.
        values: part -> what it is chosen by.
    """

    max_depth: int
    min_leaf_rows: int
    model: DecisionTreeClassificationModel | DecisionTreeRegressionModel
    counts: Mapping[str, Counts]
    values: Mapping[str, float | None]

    @property
    def n_leaves(self) -> int:
        """How many the tree has."""
        return len(self.counts[TRAIN])


class ReadableTree:
    """MLlib's decision tree on the features of the greatest gain ratio.

    Customers are split by a hash of their id and the seed, so that a customer stays in the same
    part whatever the data's order. Features are chosen, values imputed and dictionaries made from
    the training part; depth, leaf size and threshold by the validation part; nothing by the test.
    A leaf's shares are those of the training customers in it, without weights; these bend only how
    the tree grows.

    MLlib's classifier joins neighbouring leaves that stand for the same class, however much their
    shares differ, and a threshold has nothing left to choose from. Its regression tree doesn't. Of
    0 and 1 variance is p(1 - p), half of Gini's impurity, so that it takes the same splits: with
    two classes and "gini" it is what is grown. "entropy", and more classes, have the classifier.

    Args:
        settings: of the job.

    Attributes:
        gain_: the features' gain, of the training part.
        classes_: by name.
        weights_: what a customer of each class counts.
        event_: place of the positive one of two classes, else None.
        encoding_: features -> vector.
        trials_: all that was tried.
        best_: the trial that is the tree: the greatest average precision on the validation part
            (mean over the classes, where there are more than two), then the fewest leaves.
        threshold_: least share of the event in a leaf to predict it; None without an event.
        predicted_: the class each leaf stands for.
        conditions_: how to get to each leaf, in words, from the root: one per split.
        paths_: the same, with what is said of one feature drawn together.
    """

    def __init__(self, settings: TrainTreeSettings) -> None:
        self.settings = settings
        self.costs = Costs(settings.cost_false_positive, settings.cost_false_negative)

    def fit(self, rows: DataFrame, names: FeatureNames) -> "ReadableTree":
        """Choose features, grow every tree, keep the best.

        Args:
            rows: `FEATURE_ROWS`; without a label they aren't learnt from.
            names: what its arrays hold.

        Raises:
            ConfigError: no feature tells anything; the event isn't one of two classes.
            ContractError: a part has no customers, or one of two classes isn't in each part, or
                the training part has one class only.

        Cost: four passes over the rows, of which the last keeps the vectors; then one fit and one
        pass over these per tree tried.
        """
        parted = with_part(rows.where(F.col("label").isNotNull()), self.settings)
        train = parted.where(F.col("part") == TRAIN)
        self.gain_ = FeatureGain(self.settings).fit(train, names)
        self._learn_classes(parted)
        self.encoding_: Encoding = learn_encoding(
            train, names, chosen=self._choose(), max_categories=self.settings.max_categories
        )
        encoded = self.encoding_.encode(parted)
        encoded = keep(encoded.select("part", "features", *self._learnt_columns()))
        try:
            self.trials_ = [
                self._try(encoded, depth, least)
                for depth, least in product(self.settings.depths, self.settings.min_leaf_rows)
            ]
        finally:
            release(encoded)
        self.best_ = max(
            self.trials_, key=lambda trial: (trial.values[VALIDATION] or 0.0, -trial.n_leaves)
        )
        self._read_leaves()
        return self

    def predict(self, rows: DataFrame) -> DataFrame:
        """Where each customer ends up.

        Args:
            rows: `FEATURE_ROWS` with the same names, with a label or without.

        Returns:
            One row per user_id: part (new without a label), actual, predicted, probability and
            probabilities (the leaf's shares of the training customers), leaf, path.
        """
        encoded = self.encoding_.encode(with_part(rows, self.settings))
        led = self.best_.model.transform(encoded).withColumn("leaf", F.col("leaf").cast("int"))
        shares = class_shares(self.best_.counts[TRAIN])
        return led.select(
            "user_id",
            "part",
            F.col("label").alias("actual"),
            _by_leaf([F.lit(self.classes_[one]) for one in self.predicted_]).alias("predicted"),
            _by_leaf(
                [F.lit(float(shares[leaf, one])) for leaf, one in enumerate(self.predicted_)]
            ).alias("probability"),
            _by_leaf([_as_map(self.classes_, row.tolist()) for row in shares]).alias(
                "probabilities"
            ),
            "leaf",
            _by_leaf([F.lit(text) for text in self.paths_]).alias("path"),
        )

    def _learn_classes(self, parted: DataFrame) -> None:
        counted = parted.groupBy("part", "label").count().collect()
        sizes = {(row["part"], row["label"]): row["count"] for row in counted}
        require_parts(sizes, label=self.settings.label)
        self.classes_: list[str] = sorted({name for _, name in sizes})
        in_train = {name: n for (part, name), n in sizes.items() if part == TRAIN}
        self.event_ = choose_event(self.classes_, in_train, self.settings.event)
        self.weights_ = weigh_classes(self.classes_, in_train, self.settings.class_weights)

    def _choose(self) -> FeatureNames:
        """The first by gain ratio that tell something and don't just name the row."""
        good = [row for row in self.gain_.scores_ if row["gain"] > 0 and not row["is_identifier"]]
        if not good:
            raise ConfigError(
                "train_tree.features",
                f"at least one that tells something of {self.settings.label}",
                f"none of {len(self.gain_.scores_)}",
                "choose other features; gold.features_gain tells what each is worth",
            )
        kept = good[: self.settings.n_features]
        return FeatureNames(
            [row["feature"] for row in kept if row["kind"] == "number"],
            [row["feature"] for row in kept if row["kind"] == "category"],
        )

    def _learnt_columns(self) -> list[Column]:
        """A class's place, which tells MLlib how many there are, and what a customer counts."""
        places = [float(place) for place in range(len(self.classes_))]
        attribute = {"ml_attr": {"type": "nominal", "vals": self.classes_}}
        place = _as_map(self.classes_, places)[F.col("label")].alias("class", metadata=attribute)
        weight = _as_map(self.classes_, self.weights_)[F.col("label")].alias("weight")
        return [place, weight]

    def _try(self, encoded: DataFrame, max_depth: int, min_leaf_rows: int) -> Trial:
        keeps_shares = self.event_ is not None and self.settings.impurity == "gini"
        kind = DecisionTreeRegressor if keeps_shares else DecisionTreeClassifier
        grower = kind(
            labelCol="class",
            weightCol="weight",
            leafCol="leaf",
            impurity="variance" if keeps_shares else self.settings.impurity,
            maxDepth=max_depth,
            maxBins=max(self.settings.max_bins, self.settings.max_categories + 2),
            minInstancesPerNode=min_leaf_rows,
            seed=self.settings.seed,
        )
        model = grower.fit(encoded.where(F.col("part") == TRAIN))
        found = model.transform(encoded).groupBy("part", "leaf", "class").count().collect()
        n_leaves = (model.numNodes + 1) // 2
        counts = {part: np.zeros((n_leaves, len(self.classes_)), np.int64) for part in JUDGED}
        for row in found:
            counts[row["part"]][int(row["leaf"]), int(row["class"])] = row["count"]
        events = range(len(self.classes_)) if self.event_ is None else [self.event_]
        values = {
            part: mean_average_precision(counts[TRAIN], counts[part], events=events)
            for part in JUDGED
        }
        return Trial(max_depth, min_leaf_rows, model, counts, values)

    def _read_leaves(self) -> None:
        counts, slots = self.best_.counts, self.encoding_.slots
        leaves = parse_leaves(self.best_.model.toDebugString, slots)
        self.conditions_ = [read_splits(leaf, slots) for leaf in leaves]
        self.paths_ = [read_path(leaf, slots) for leaf in leaves]
        shares = class_shares(counts[TRAIN])
        self.threshold_: float | None = None
        if self.event_ is None:
            weighted = counts[TRAIN] * np.array(self.weights_)
            self.predicted_: list[int] = weighted.argmax(axis=1).tolist()
            return
        of_event = shares[:, self.event_]
        points = trace_curve(of_event, counts[VALIDATION], event=self.event_, costs=self.costs)
        self.threshold_ = cheapest(points).threshold
        self.predicted_ = [
            self.event_ if share >= self.threshold_ else 1 - self.event_ for share in of_event
        ]


def _by_leaf(values: Sequence[Column]) -> Column:
    return F.get(F.array(*values), F.col("leaf"))


def _as_map(names: Sequence[str], values: Sequence[float]) -> Column:
    pairs = zip(names, values, strict=True)
    return F.create_map(*(F.lit(one) for pair in pairs for one in pair))
