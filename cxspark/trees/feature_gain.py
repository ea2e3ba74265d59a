"""The gain of all features in at most three passes over the customers."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.features import FeatureNames
from cxspark.trees.counting import LABELS, count_bins, count_values
from cxspark.trees.gain import quantile_cuts, score_features
from cxspark.trees.settings import GainSettings

_MOST_CLASSES = 100
# Of the count of distinct values, which need only be told from the rows' own number.
_RSD = 0.01


class FeatureGain:
    """Ranks features by how well they tell a label, C4.5's gain ratio.

    Args:
        settings: how gain is counted. With bins each threshold's gain is exact; only the choice of
            thresholds is limited.

    Attributes:
        labels_: class -> its rows, by name.
        n_unlabelled_: rows without a label, left out.
        scores_: one row per feature, the columns of ``FEATURES_GAIN`` from `feature` on, by rank.
    """

    def __init__(self, settings: GainSettings) -> None:
        self.settings = settings
        self._limits = {"max_values": settings.max_values, "n_bins": settings.n_bins}

    def fit(self, rows: DataFrame, names: FeatureNames) -> "FeatureGain":
        """Count, and score.

        Args:
            rows: `FEATURE_ROWS`.
            names: what its arrays hold.

        Raises:
            ConfigError: there is no feature, or the label has more than 100 classes.
            ContractError: fewer than two classes.

        Cost: one pass over the rows; another over the numbers where one has too many values, and a
        third where all of one's are whole: it may be an identifier, so its distinct values are
        counted, about. What is collected: classes, cut points, a row per feature.
        """
        if not (names.numbers or names.categories):
            raise ConfigError("features", "at least one", "none", "choose some beside the label")
        counts = count_values(rows, names, **self._limits).persist()
        try:
            self._learn_labels(counts)
            labels = list(self.labels_)
            many = quantile_cuts(counts, n_numbers=len(names.numbers), **self._limits)
            cuts = many.collect()
            scores = score_features(
                _with_bins(counts, rows, {row["place"]: row["cuts"] for row in cuts}),
                names,
                labels=labels,
                identifier_share=self.settings.identifier_share,
                n_values=_count_distinct(rows, [row["place"] for row in cuts if row["is_whole"]]),
            )
            self.scores_: list[Row] = scores.orderBy("rank").collect()
        finally:
            counts.unpersist()
        return self

    def _learn_labels(self, counts: DataFrame) -> None:
        by_label = counts.where((F.col("place") == LABELS) & (F.col("n") > 0))
        found = by_label.select("label", "n").limit(_MOST_CLASSES + 2).collect()
        sizes = {row["label"]: row["n"] for row in found}
        self.n_unlabelled_: int = sizes.pop(None, 0)
        self.labels_: dict[str, int] = dict(sorted(sizes.items()))
        if len(sizes) > _MOST_CLASSES:
            raise ConfigError(
                "label",
                f"at most {_MOST_CLASSES} classes",
                "more",
                "choose a label of few classes; make classes of a number first",
            )
        if len(sizes) < 2:
            alone = f"only {', '.join(sizes)}" if sizes else "none"
            raise ContractError(
                "the label",
                "at least two classes",
                f"{alone} in {sum(sizes.values()):,} rows with a label "
                f"and {self.n_unlabelled_:,} without",
                "choose another label, or take in customers of both kinds",
            )


def _with_bins(counts: DataFrame, rows: DataFrame, cuts: Mapping[int, list[float]]) -> DataFrame:
    """The counts, with bins in place of the values of numbers that have too many."""
    if not cuts:
        return counts
    others = counts.where(~F.col("place").isin(*cuts))
    return others.unionByName(count_bins(rows, cuts=cuts))


def _count_distinct(rows: DataFrame, places: Sequence[int]) -> dict[int, int]:
    """Place of a number -> its distinct values, within a percent or two, among labelled rows."""
    if not places:
        return {}
    labelled = rows.where(F.col("label").isNotNull())
    (found,) = labelled.agg(
        *(F.approx_count_distinct(F.get("numbers", F.lit(place)), _RSD) for place in places)
    ).collect()
    return dict(zip(places, found, strict=True))
