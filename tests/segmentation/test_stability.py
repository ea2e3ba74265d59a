import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from sklearn.metrics import adjusted_rand_score

from cxspark.segmentation.stability import aggregate_moves, measure_agreement


def segments(spark: SparkSession, by_user: dict[str, str]) -> DataFrame:
    return spark.createDataFrame(list(by_user.items()), "user_id string, segment string")


def agreement(spark: SparkSession, before: list[str], after: list[str]) -> float | None:
    frames = (
        segments(spark, {f"u{i}": name for i, name in enumerate(names)})
        for names in (before, after)
    )
    return measure_agreement(aggregate_moves(*frames)).collect()[0]["adjusted_rand"]


def test_who_went_where_and_who_came_and_left(spark):
    before = segments(spark, {"a": "gold", "b": "gold", "c": "gold", "gone": "iron"})
    after = segments(spark, {"a": "gold", "b": "gold", "c": "iron", "new": "gold"})
    moves = {(start, end): rest for start, end, *rest in aggregate_moves(before, after).collect()}
    assert moves == {
        ("gold", "gold"): [2, pytest.approx(2 / 3)],
        ("gold", "iron"): [1, pytest.approx(1 / 3)],
        ("iron", None): [1, 1.0],
        (None, "gold"): [1, 1.0],
    }


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=20))
def test_agreement_is_scikit_learns_adjusted_rand_score(spark, pairs):
    before, after = map(list, zip(*pairs, strict=True))
    assert agreement(spark, before, after) == pytest.approx(adjusted_rand_score(before, after))


def test_other_names_for_the_same_groups_agree(spark):
    assert agreement(spark, ["a", "a", "b", "c"], ["z", "z", "x", "y"]) == 1.0


def test_customers_of_one_run_alone_don_t_count(spark):
    before, after = {"a": "s", "b": "s", "gone": "t"}, {"a": "x", "b": "x", "new": "y"}
    moves = aggregate_moves(segments(spark, before), segments(spark, after))
    assert measure_agreement(moves).collect()[0]["adjusted_rand"] == 1.0


def test_nobody_in_both_has_no_agreement(spark):
    moves = aggregate_moves(segments(spark, {"a": "s"}), segments(spark, {"b": "s"}))
    assert measure_agreement(moves).collect()[0]["adjusted_rand"] is None
