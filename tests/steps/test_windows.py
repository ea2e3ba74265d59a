from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.steps.training import EventTraining
from cxspark.steps.windows import event_span, make_windows

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = "user_id string, item_id string, event_type string, event_at timestamp"


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def events(spark: SparkSession, *rows: tuple[str, str, float], kind: str = "purchase") -> DataFrame:
    return spark.createDataFrame([(u, i, kind, day(at)) for u, i, at in rows], SCHEMA)


def ten_days(spark: SparkSession) -> DataFrame:
    """One event a day; b comes late, and a takes again what she had."""
    taken = ["a x", "a y", "c x", "c y", "a z", "c z", "a v", "c v", "a x", "b x", "a w"]
    rows = [(*text.split(), float(at)) for at, text in enumerate(taken)]
    return events(spark, *rows)  # type: ignore[arg-type]


def pairs(frame: DataFrame) -> list[tuple[str, str]]:
    return sorted((row["user_id"], row["item_id"]) for row in frame.collect())


def test_windows_before_the_test_end_where_the_next_begins(spark: SparkSession) -> None:
    settings = EvaluateRecommendersSettings(n_windows=2, window_share=0.2, train_share=0.8)
    windows = make_windows(ten_days(spark), settings)
    assert [window.since for window in windows] == [day(4), day(6), day(8)]
    end = day(10) + timedelta(microseconds=1)
    assert [window.until for window in windows] == [day(6), day(8), end]
    assert {window.importance for window in windows} == {1.0}


def test_later_windows_may_count_more(spark: SparkSession) -> None:
    settings = EvaluateRecommendersSettings(n_windows=2, window_share=0.2, importance="rising")
    windows = make_windows(ten_days(spark), settings)
    assert [window.importance for window in windows] == [1.0, 2.0, 3.0]


def test_a_window_before_the_test_where_nobody_takes_anything_new_is_left_out(
    spark: SparkSession,
) -> None:
    settings = EvaluateRecommendersSettings(n_windows=3, window_share=0.2, train_share=0.8)
    # On days 2 and 3, c takes first things, and nothing was known of her.
    assert [window.since for window in make_windows(ten_days(spark), settings)] == [
        *(day(4), day(6), day(8))
    ]


def test_where_times_are_days_windows_are_fewer(spark: SparkSession) -> None:
    rows = [(f"u{user}", f"i{at}{user % 3}", float(at)) for at in range(5) for user in range(9)]
    *windows, test = make_windows(events(spark, *rows), EvaluateRecommendersSettings())
    # Four cuts are within two days.
    assert [window.since for window in (*windows, test)] == [day(2), day(3)]


def test_what_was_had_by_a_type_that_doesnt_count_may_still_be_foretold(
    spark: SparkSession,
) -> None:
    views = events(spark, ("a", "w", 0.5), ("a", "q", 0.5), kind="view")
    settings = EvaluateRecommendersSettings(n_windows=1, weights={"purchase": 1.0})
    *_, test = make_windows(ten_days(spark).union(views), settings)
    assert ("a", "w") in pairs(test.held_out)


def test_what_comes_at_the_instant_or_later_isnt_learnt_from(spark: SparkSession) -> None:
    weights = {"purchase": 1.0}
    EventTraining(ten_days(spark).limit(8), at=day(8), weights=weights)
    with pytest.raises(ContractError, match=r"only rows before 2026-01-09.*; found 1 at it"):
        EventTraining(ten_days(spark).limit(9), at=day(8), weights=weights)


def test_windows_of_one_time_are_told_apart(spark: SparkSession) -> None:
    rows = [(user, item, at) for user in "abc" for at, item in enumerate("wxyz")]
    settings = EvaluateRecommendersSettings(split="last_n", last_n=1, n_windows=2)
    windows = make_windows(events(spark, *rows), settings)
    assert [str(window).split(", ")[1] for window in windows] == [
        "last_n 2",
        "last_n 1",
        "last_n 0",
    ]


def test_types_without_a_weight_are_told_where_there_is_nothing_to_judge(
    spark: SparkSession,
) -> None:
    played = events(spark, *[("a", f"i{at}", float(at)) for at in range(10)], kind="play")
    settings = EvaluateRecommendersSettings(n_windows=1)
    with pytest.raises(ContractError, match="event types there are: play; to do: name types in we"):
        make_windows(played, settings)


def test_what_known_users_take_anew_is_held_out(spark: SparkSession) -> None:
    settings = EvaluateRecommendersSettings(n_windows=1, window_share=0.4, train_share=0.8)
    _, test = make_windows(ten_days(spark), settings)
    # Of the last three days: a's x isn't new to her, and nothing was known of b.
    assert pairs(test.held_out) == [("a", "w")]
    assert test.n_new_users == 1


def test_the_training_is_what_was_before(spark: SparkSession) -> None:
    settings = EvaluateRecommendersSettings(n_windows=1, window_share=0.4, train_share=0.8)
    first, test = make_windows(ten_days(spark), settings)
    assert first.training.n_items == 2
    assert test.training.n_items == 4
    assert pairs(test.training.cells(None)) == pairs(ten_days(spark).limit(8))


def test_of_each_user_the_last_events_are_held_out(spark: SparkSession) -> None:
    rows = [(user, item, at) for user in "abc" for at, item in enumerate("wxyz")]
    settings = EvaluateRecommendersSettings(split="last_n", last_n=1, n_windows=2)
    held_out = [pairs(one.held_out) for one in make_windows(events(spark, *rows), settings)]
    # Each window has what comes before the next one's.
    assert held_out == [[("a", item), ("b", item), ("c", item)] for item in "xyz"]


def test_of_each_user_the_last_events_that_may_be_foretold_are_held_out(
    spark: SparkSession,
) -> None:
    bought = events(spark, *[("a", item, float(at)) for at, item in enumerate("wxyz")])
    seen = events(spark, ("a", "q", 2.5), ("a", "p", 3.5), kind="view")
    settings = EvaluateRecommendersSettings(
        split="last_n", n_windows=1, targets=("purchase",), weights={"purchase": 1.0, "view": 0.2}
    )
    *_, test = make_windows(bought.union(seen), settings)
    assert pairs(test.held_out) == [("a", "z")]
    # What she looked at afterwards isn't learnt from.
    assert pairs(test.training.cells(None)) == [("a", item) for item in "qwxy"]


def test_without_a_window_before_the_test_nothing_is_chosen(spark: SparkSession) -> None:
    rows = [(f"u{user}", f"i{at}", float(at > 0)) for at in range(12) for user in range(9)]
    with pytest.raises(ContractError, match="or raise window_share"):
        make_windows(events(spark, *rows), EvaluateRecommendersSettings())


def test_a_random_split_is_the_same_again(spark: SparkSession) -> None:
    rows = [(f"u{user}", f"i{item}", float(item)) for user in range(20) for item in range(10)]
    settings = EvaluateRecommendersSettings(split="random", n_windows=1)
    held_out = [
        pairs(make_windows(frame, settings)[-1].held_out)
        for frame in (events(spark, *rows), events(spark, *rows[::-1]))
    ]
    assert held_out[0] == held_out[1]
    assert 20 < len(held_out[0]) < 60


def test_only_events_of_a_target_type_are_foretold(spark: SparkSession) -> None:
    seen = events(spark, ("a", "x", 0), ("a", "y", 5), kind="view")
    bought = events(
        spark, ("b", "x", 1), ("a", "z", 6), ("a", "v", 2), ("b", "y", 3), ("b", "z", 4)
    )
    settings = EvaluateRecommendersSettings(
        n_windows=1, window_share=0.2, train_share=0.7, targets=("purchase",)
    )
    test = make_windows(seen.union(bought), settings)[-1]
    # Not what a only looked at on day 5.
    assert pairs(test.held_out) == [("a", "z"), ("b", "z")]


def test_no_events_are_an_error(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match="expected events; found none"):
        event_span(events(spark, ("a", "x", 0)).limit(0))
