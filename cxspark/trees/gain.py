"""Gain and gain ratio of features, from counts of their values by label."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from cxspark.contracts.features import FeatureNames
from cxspark.functions.information import bits, n_log_n
from cxspark.trees.counting import LABELS

# Gains nearer to each other than this are equal: the smaller threshold, or name, goes first.
_DIGITS = 12


def quantile_cuts(counts: DataFrame, *, n_numbers: int, max_values: int, n_bins: int) -> DataFrame:
    """Where to cut the numbers that have too many values to try a threshold between any two.

    Args:
        counts: of `count_values`.
        n_numbers: how many of the features are numbers.
        max_values: of a number whose thresholds are all tried.
        n_bins: parts of equal size between the cuts.

    Returns:
        One row per place of such a number: cuts, ascending, each the least value that so many
        parts of the rows don't exceed, and is_whole: whether all of its values that were looked at
        are whole.

    Cost: two shuffles, of the distinct values and of all of one number's. Spark's `percentile`
    takes ten times as long: it copies the values for each of the shares.
    """
    by_size = Window.partitionBy("place").orderBy("number")
    values = (
        counts.where((F.col("place") != LABELS) & (F.col("place") < n_numbers))
        .groupBy("place", "number")
        .agg(F.sum("n").alias("n"), F.bool_and("is_exact").alias("is_exact"))
        .withColumn("up_to", F.sum("n").over(by_size))
        .withColumn("n_rows", F.sum("n").over(Window.partitionBy("place")))
    )
    parts = F.expr(f"up_to * {n_bins} div n_rows")
    parts_below = F.expr(f"(up_to - n) * {n_bins} div n_rows")
    is_cut = F.least(parts, F.lit(n_bins - 1)) > parts_below
    return (
        values.groupBy("place")
        .agg(
            F.array_sort(F.collect_list(F.when(is_cut, F.col("number")))).alias("cuts"),
            F.count(F.lit(1)).alias("n_values"),
            F.bool_and("is_exact").alias("is_exact"),
            F.bool_and(_is_whole(F.col("number"))).alias("is_whole"),
        )
        .where(~F.col("is_exact") | (F.col("n_values") > max_values))
        .select("place", "cuts", "is_whole")
    )


def score_features(
    counts: DataFrame,
    names: FeatureNames,
    *,
    labels: Sequence[str],
    identifier_share: float,
    n_values: Mapping[int, int],
) -> DataFrame:
    """Entropy, gain, split information and gain ratio of every feature (C4.5).

    With T the rows that have a label, K those of them whose value is known, and K_i the branches of
    the test (each value of a category; up to a threshold and above it, of a number):

        gain       = |K|/|T| (H(K) - sum |K_i|/|K| H(K_i))
        split info = - sum |K_i|/|T| log2 |K_i|/|T|, what isn't known being one more branch
        gain ratio = gain / split info, 0 where that is 0

    A number's threshold is the one of the greatest gain, the smallest of equal ones, midway between
    two neighbouring values; between bins it is the cut. What C4.5 release 8 takes off the gain of a
    number for its many thresholds isn't taken off.

    Args:
        counts: of `count_values`, with those of `count_bins` in place of numbers of many values.
        names: of the features.
        labels: the classes.
        identifier_share: distinct per known value from which a feature is called an identifier: a
            category, or a number all of whose values are whole.
        n_values: place of a whole number that was counted in bins -> its distinct values, about.

    Returns:
        The columns of ``FEATURES_GAIN`` from `feature` on, one row per feature, also of those that
        are never known.

    Cost: a shuffle of the counts, and one of the distinct values of numbers by feature.
    Source: Quinlan, C4.5 (1993), sections 2.2 to 2.4 and 3.1 to 3.2.
    """
    n_numbers = len(names.numbers)
    classes = [F.sum(F.when(F.col("label") == one, F.col("n")).otherwise(0)) for one in labels]
    columns = [f"class_{place}" for place in range(len(labels))]
    values = (
        counts.where(F.col("place") != LABELS)
        .groupBy("place", "number", "category")
        .agg(
            *(one.alias(name) for one, name in zip(classes, columns, strict=True)),
            F.bool_and("is_exact").alias("is_exact"),
        )
    )
    numbers = _best_thresholds(values.where(F.col("place") < n_numbers), columns, n_values)
    categories = _values_as_branches(values.where(F.col("place") >= n_numbers), columns)
    tested = _every_feature(counts, names).join(numbers.unionByName(categories), "place", "left")
    return _ranked(tested, columns, identifier_share)


def _best_thresholds(
    values: DataFrame, columns: Sequence[str], n_values: Mapping[int, int]
) -> DataFrame:
    """For each number the threshold that leaves the least to tell within its two branches."""
    by_size = Window.partitionBy("place").orderBy("number")
    up_to = by_size.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    everything = Window.partitionBy("place")
    left = [F.sum(name).over(up_to) for name in columns]
    right = [F.sum(name).over(everything) - F.sum(name).over(up_to) for name in columns]
    split = values.select(
        "*",
        _sum(left).alias("n_left"),
        _sum(right).alias("n_right"),
        (bits(left) + bits(right)).alias("within"),
        F.lead("number").over(by_size).alias("next"),
    )
    number, following = F.col("number"), F.col("next")
    midway = number / 2 + following / 2
    threshold = F.when(F.col("is_exact") & (midway < following), midway).otherwise(number)
    # Bits are the known rows times what is compared, so rounded a little less finely.
    candidate = F.struct(
        F.round("within", _DIGITS - 4).alias("least"),
        threshold.alias("threshold"),
        "within",
        (n_log_n(F.col("n_left")) + n_log_n(F.col("n_right"))).alias("branches"),
    )
    total = [F.sum(name).alias(name) for name in columns]
    return (
        split.groupBy("place")
        .agg(
            *total,
            F.min(F.when(following.isNotNull(), candidate)).alias("best"),
            F.count(F.lit(1)).alias("n_values"),
            F.bool_and("is_exact").alias("is_exact"),
            F.bool_and(~F.col("is_exact") | _is_whole(number)).alias("is_whole"),
        )
        .select(
            "place",
            *columns,
            "best.threshold",
            F.coalesce("best.within", bits([F.col(name) for name in columns])).alias("within"),
            F.coalesce("best.branches", n_log_n(_known(columns))).alias("branches"),
            F.when(F.col("is_exact"), F.col("n_values"))
            .otherwise(_looked_up(n_values, F.col("place")))
            .alias("n_values"),
            "is_exact",
            "is_whole",
        )
    )


def _values_as_branches(values: DataFrame, columns: Sequence[str]) -> DataFrame:
    """For each category what is left to tell within the branches of its values."""
    return values.groupBy("place").agg(
        *(F.sum(name).alias(name) for name in columns),
        F.lit(None).cast("double").alias("threshold"),
        F.sum(bits([F.col(name) for name in columns])).alias("within"),
        F.sum(n_log_n(_known(columns))).alias("branches"),
        F.count(F.lit(1)).alias("n_values"),
        F.lit(True).alias("is_exact"),
        F.lit(True).alias("is_whole"),
    )


def _every_feature(counts: DataFrame, names: FeatureNames) -> DataFrame:
    """One row per feature, with the number of rows that have a label."""
    named = [
        F.struct(F.lit(name).alias("feature"), F.lit(kind).alias("kind"))
        for kind, group in (("number", names.numbers), ("category", names.categories))
        for name in group
    ]
    labelled = counts.where((F.col("place") == LABELS) & F.col("label").isNotNull())
    return (
        labelled.agg(F.coalesce(F.sum("n"), F.lit(0)).alias("n_rows"))
        .select("n_rows", F.posexplode(F.array(*named)).alias("place", "one"))
        .select("place", "one.feature", "one.kind", "n_rows")
    )


def _ranked(tested: DataFrame, columns: Sequence[str], identifier_share: float) -> DataFrame:
    total = [F.coalesce(name, F.lit(0)) for name in columns]
    n_known, n_rows = _sum(total), F.col("n_rows")
    n_missing = n_rows - n_known
    n_values = F.coalesce("n_values", F.when(n_known == 0, F.lit(0)))
    told = bits(total) - F.coalesce("within", F.lit(0.0))
    unsplit = n_log_n(n_rows) - F.coalesce("branches", F.lit(0.0)) - n_log_n(n_missing)
    is_identifier = F.col("is_whole") & (n_values > 1) & (n_values >= identifier_share * n_known)
    scored = tested.select(
        "feature",
        "kind",
        "threshold",
        F.coalesce("is_exact", F.lit(True)).alias("is_exact"),
        "n_rows",
        n_missing.alias("n_missing"),
        n_values.alias("n_values"),
        F.when(n_known > 0, bits(total) / n_known).otherwise(F.lit(0.0)).alias("entropy"),
        F.greatest(told / n_rows, F.lit(0.0)).alias("gain"),
        F.greatest(unsplit / n_rows, F.lit(0.0)).alias("split_info"),
        F.coalesce(is_identifier, F.lit(False)).alias("is_identifier"),
    )
    ratio = F.when(F.col("split_info") > 10**-_DIGITS, F.col("gain") / F.col("split_info"))
    order = Window.orderBy(
        F.round("gain_ratio", _DIGITS).desc(), F.round("gain", _DIGITS).desc(), "feature", "kind"
    )
    return scored.withColumn("gain_ratio", F.coalesce(ratio, F.lit(0.0))).select(
        *scored.columns[:-1],
        "gain_ratio",
        F.row_number().over(order).alias("rank"),
        "is_identifier",
    )


def _is_whole(number: Column) -> Column:
    return number == F.rint(number)


def _looked_up(n_values: Mapping[int, int], place: Column) -> Column:
    found = F.lit(None).cast("bigint")
    for one, n in n_values.items():
        found = F.when(place == one, F.lit(n)).otherwise(found)
    return found


def _known(columns: Sequence[str]) -> Column:
    return _sum([F.col(name) for name in columns])


def _sum(columns: Sequence[Column]) -> Column:
    return reduce(add, columns)
