from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise
from math import log2

import numpy as np
import pytest
from customer_rows import TENNIS_NAMES, Customer, make_rows, play_tennis
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.features import FeatureNames
from cxspark.trees.feature_gain import FeatureGain
from cxspark.trees.settings import GainSettings

NAMES = FeatureNames(("n",), ("c",))


def scores_of(
    spark: SparkSession, customers: Sequence[Customer], names: FeatureNames = NAMES, **options: int
) -> dict[str, Row]:
    gain = FeatureGain(GainSettings(**options)).fit(make_rows(spark, customers), names)
    return {row["feature"]: row for row in gain.scores_}


# The definitions, row by row.


def entropy(things: Sequence[Hashable]) -> float:
    return -sum(n / len(things) * log2(n / len(things)) for n in Counter(things).values())


def gain_and_split_info(branches: Sequence[object], labels: Sequence[str]) -> tuple[float, float]:
    """Of a test whose outcome is None where the value isn't known."""
    known = [(b, label) for b, label in zip(branches, labels, strict=True) if b is not None]
    total = entropy([label for _, label in known]) if known else 0.0
    within = 0.0
    for branch in {b for b, _ in known}:
        part = [label for b, label in known if b == branch]
        within += len(part) / len(known) * entropy(part)
    return len(known) / len(labels) * (total - within), entropy(list(branches))


def split_at(values: Sequence[float | None], threshold: float) -> list[bool | None]:
    return [None if value is None else value <= threshold for value in values]


def between(values: Sequence[float | None]) -> list[float]:
    distinct = sorted({value for value in values if value is not None})
    return [(low + high) / 2 for low, high in pairwise(distinct)]


def test_play_tennis_has_the_textbook_s_figures(spark: SparkSession) -> None:
    found = scores_of(spark, play_tennis(), TENNIS_NAMES)
    expected = {
        "outlook": (0.2467, 1.5774, 0.1564),
        "temperature": (0.0292, 1.5567, 0.0188),
        "humidity": (0.1518, 1.0, 0.1518),
        "windy": (0.0481, 0.9852, 0.0488),
    }
    for name, figures in expected.items():
        row = found[name]
        assert (row["gain"], row["split_info"], row["gain_ratio"]) == pytest.approx(
            figures, abs=5e-5
        )
        assert row["entropy"] == pytest.approx(0.9403, abs=5e-5)
        assert (row["n_rows"], row["n_missing"], row["threshold"]) == (14, 0, None)


def test_play_tennis_by_degrees_has_the_best_threshold(spark: SparkSession) -> None:
    found = scores_of(spark, play_tennis(), TENNIS_NAMES)
    degrees, percent = found["degrees"], found["percent"]
    assert (degrees["threshold"], degrees["n_values"]) == (84.0, 12)
    assert degrees["gain"] == pytest.approx(0.1134, abs=5e-5)
    assert (percent["threshold"], percent["n_values"]) == (82.5, 10)
    assert percent["gain"] == pytest.approx(0.1518, abs=5e-5)


def test_the_day_that_quinlan_forgot_counts_as_a_branch(spark: SparkSession) -> None:
    # C4.5, section 3.1: the outlook of one of the overcast days isn't known.
    days = play_tennis()
    numbers, _, label = days[11]
    days[11] = (numbers, [None, "mild", "high", "TRUE"], label)
    outlook = scores_of(spark, days, TENNIS_NAMES)["outlook"]
    assert (outlook["gain"], outlook["split_info"]) == pytest.approx((0.199, 1.809), abs=5e-4)
    assert (outlook["n_missing"], outlook["n_values"]) == (1, 3)


_NUMBER = st.sampled_from([None, -1.5, 0.0, -0.0, 2.0, 3.25, 1e9])
_CATEGORY = st.sampled_from([None, "", "a", "b", "A"])
_WIDTH = 5


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(
            st.lists(_NUMBER, min_size=_WIDTH, max_size=_WIDTH),
            st.lists(_CATEGORY, min_size=_WIDTH, max_size=_WIDTH),
            st.sampled_from(["x", "y", "z"]),
        ),
        min_size=2,
        max_size=25,
    ).filter(lambda rows: len({label for *_, label in rows}) > 1)
)
def test_any_rows_score_what_the_definitions_say(spark: SparkSession, rows: list[Customer]) -> None:
    names = FeatureNames([f"n{i}" for i in range(_WIDTH)], [f"c{i}" for i in range(_WIDTH)])
    found = scores_of(spark, rows, names)
    labels = [label for *_, label in rows]
    for place in range(_WIDTH):
        row = found[f"c{place}"]
        expected = gain_and_split_info([categories[place] for _, categories, _ in rows], labels)
        assert (row["gain"], row["split_info"]) == pytest.approx(expected, abs=1e-9)
        row, numbers = found[f"n{place}"], [numbers[place] for numbers, *_ in rows]
        tries = [(*gain_and_split_info(split_at(numbers, t), labels), t) for t in between(numbers)]
        most = max((gain for gain, *_ in tries), default=0.0)
        first = next((one for one in tries if one[0] > most - 1e-12), None)
        assert row["gain"] == pytest.approx(most, abs=1e-9)
        assert row["threshold"] == (first and first[2])
        if first:
            ratio = first[0] / first[1]
            assert (row["split_info"], row["gain_ratio"]) == pytest.approx(
                (first[1], ratio), abs=1e-9
            )


def test_a_value_of_all_tells_nothing_and_nor_does_one_of_nobody(spark: SparkSession) -> None:
    found = scores_of(spark, [([None], ["a"], "x"), ([None], ["a"], "y"), ([None], ["a"], "y")])
    for name, n_values in (("c", 1), ("n", 0)):
        row = found[name]
        assert (row["gain"], row["split_info"], row["gain_ratio"]) == (0.0, 0.0, 0.0)
        assert row["n_values"] == n_values
    assert (found["n"]["n_missing"], found["n"]["threshold"]) == (3, None)


def test_a_number_of_too_many_values_is_cut_at_quantiles(spark: SparkSession) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=4000).round(6)
    labels = np.where(rng.random(4000) < np.where(values > 0.7, 0.9, 0.2), "x", "y")
    rows = [([float(v)], ["a"], str(label)) for v, label in zip(values, labels, strict=True)]
    exact = scores_of(spark, rows)["n"]
    binned = scores_of(spark, rows, max_values=100, n_bins=50)["n"]
    assert (exact["is_exact"], binned["is_exact"], binned["n_values"]) == (True, False, None)
    gain, split_info = gain_and_split_info(
        split_at(list(values), binned["threshold"]), list(labels)
    )
    assert binned["gain"] == pytest.approx(gain, abs=1e-9)
    assert binned["split_info"] == pytest.approx(split_info, abs=1e-9)
    assert 0.97 * exact["gain"] < binned["gain"] <= exact["gain"] + 1e-12
    assert abs(binned["threshold"] - exact["threshold"]) < 0.1


def test_what_names_every_row_is_an_identifier(spark: SparkSession) -> None:
    names = FeatureNames(("number", "measure", "age"), ("email", "city"))
    rows = [
        ([1000.0 + i, i / 7, 20.0 + i % 5], [f"u{i}@x.org", f"city {i % 3}"], "xy"[i % 2])
        for i in range(40)
    ]
    found = scores_of(spark, rows, names)
    flagged = {name for name, row in found.items() if row["is_identifier"]}
    assert flagged == {"number", "email"}


def test_a_number_of_too_many_values_is_an_identifier_if_it_names_every_row(
    spark: SparkSession,
) -> None:
    names = FeatureNames(("customer", "cents", "measure"), ())
    rows = [([1e6 + i, float(i // 2), i / 7], [], "xy"[i % 2]) for i in range(2000)]
    found = scores_of(spark, rows, names, max_values=100, n_bins=50)
    assert {name for name, row in found.items() if row["is_identifier"]} == {"customer"}
    assert found["customer"]["n_values"] == pytest.approx(2000, rel=0.03)
    assert found["cents"]["n_values"] == pytest.approx(1000, rel=0.03)
    assert (found["measure"]["n_values"], found["measure"]["is_exact"]) == (None, False)


def test_ranks_are_by_ratio_then_gain_then_name(spark: SparkSession) -> None:
    names = FeatureNames((), ("b", "a", "best"))
    rows = [([], ["s", "s", "p"], "x"), ([], ["t", "t", "q"], "y"), ([], ["s", "s", "q"], "y")]
    found = scores_of(spark, rows, names)
    assert {name: row["rank"] for name, row in found.items()} == {"best": 1, "a": 2, "b": 3}


def test_rows_without_a_label_are_left_out_and_counted(spark: SparkSession) -> None:
    rows = [([1.0], ["a"], "x"), ([2.0], ["b"], "y")]
    without = [([1.0], ["b"], None)] * 3
    gain = FeatureGain(GainSettings()).fit(make_rows(spark, [*rows, *without]), NAMES)
    assert gain.n_unlabelled_ == 3
    assert gain.labels_ == {"x": 1, "y": 1}
    assert {row["gain"] for row in gain.scores_} == {1.0}


@pytest.mark.parametrize(
    ("customers", "found"),
    [
        ([], "none in 0 rows with a label and 0 without"),
        ([([1.0], ["a"], None)], "none in 0 rows with a label and 1 without"),
        ([([1.0], ["a"], "x")] * 2, "only x in 2 rows"),
    ],
)
def test_a_label_needs_two_classes(
    spark: SparkSession, customers: list[Customer], found: str
) -> None:
    with pytest.raises(ContractError, match=found):
        FeatureGain(GainSettings()).fit(make_rows(spark, customers), NAMES)


def test_a_label_of_very_many_classes_is_refused(spark: SparkSession) -> None:
    rows = make_rows(spark, [([1.0], ["a"], f"l{i}") for i in range(101)])
    with pytest.raises(ConfigError, match="at most 100 classes"):
        FeatureGain(GainSettings()).fit(rows, NAMES)


def test_there_must_be_a_feature(spark: SparkSession) -> None:
    with pytest.raises(ConfigError, match="at least one"):
        FeatureGain(GainSettings()).fit(make_rows(spark, [([], [], "x")]), FeatureNames((), ()))
