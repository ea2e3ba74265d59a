"""The gain of all features in at most three passes over the customers."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Observation, Row
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.features import FeatureNames
from cxspark.contracts.keeping import keep, release
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

        Cost: one pass over the rows; another over the numbers where one has too many values, in
        which those of a whole number are counted, about: it may be an identifier. What is
        collected: classes, cut points, a row per feature.
        """
        if not (names.numbers or names.categories):
            raise ConfigError("features", "at least one", "none", "choose some beside the label")
        kept = [keep(count_values(rows, names, **self._limits))]
        try:
            (counts,) = kept
            self._learn_labels(counts)
            many = quantile_cuts(counts, n_numbers=len(names.numbers), **self._limits).collect()
            few = counts.where(~F.col("place").isin([row["place"] for row in many]))
            n_values: dict[int, int] = {}
            if many:
                bins, n_values = _count_bins(rows, many)
                kept.append(bins)
                few = few.unionByName(bins)
            scores = score_features(
                few,
                names,
                labels=list(self.labels_),
                identifier_share=self.settings.identifier_share,
                n_values=n_values,
            )
            self.scores_: list[Row] = scores.orderBy("rank").collect()
        finally:
            release(*kept)
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


def _count_bins(rows: DataFrame, many: Sequence[Row]) -> tuple[DataFrame, dict[int, int]]:
    """The bins of `quantile_cuts`, persisted, and what is counted in the same pass.

    That is, of each number whose values are whole, how many distinct ones come with a label, within
    a percent or two.
    """
    whole = [row["place"] for row in many if row["is_whole"]]
    labelled = rows.where(F.col("label").isNotNull())
    seen = Observation()
    if whole:
        numbers = {place: F.get("numbers", F.lit(place)) for place in whole}
        n_values = (F.approx_count_distinct(one, _RSD).alias(f"{p}") for p, one in numbers.items())
        labelled = labelled.observe(seen, *n_values)
    bins = keep(count_bins(labelled, cuts={row["place"]: row["cuts"] for row in many}))
    bins.count()
    return bins, {int(place): n for place, n in seen.get.items()} if whole else {}
