from datetime import datetime

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.evaluation.leak import count_leaks, refuse_leak
from cxspark.evaluation.splits import (
    held_out_items,
    split_by_time,
    split_instant,
    split_last_n,
    split_random,
)

DAYS = [datetime(2026, 3, day) for day in range(1, 11)]


def events(spark: SparkSession, *rows: tuple[str | None, str | None, datetime | None]) -> DataFrame:
    schema = "user_id string, item_id string, event_at timestamp, channel string"
    return spark.createDataFrame([(*row, "web") for row in rows], schema)


def pairs(spark: SparkSession, *rows: tuple[str | None, str | None]) -> DataFrame:
    return spark.createDataFrame(list(rows), "user_id string, item_id string")


def items(frame: DataFrame) -> list[str]:
    return sorted(row["item_id"] for row in frame.collect())


def ten_days(spark: SparkSession) -> DataFrame:
    return events(spark, *[("u", f"i{day.day:02}", day) for day in DAYS])


def test_the_split_lies_where_so_many_events_are_before_it(spark: SparkSession) -> None:
    frame = ten_days(spark)
    (row,) = split_instant(frame, share=0.8).collect()
    n_before = frame.where(F.col("event_at") < F.lit(row["cut_at"])).count()
    assert 7 <= n_before <= 8


def test_no_events_have_no_split(spark: SparkSession) -> None:
    assert [tuple(row) for row in split_instant(events(spark), share=0.8).collect()] == [(None,)]


def test_train_is_before_the_instant_and_test_from_it_until_the_end(spark: SparkSession) -> None:
    train, test = split_by_time(ten_days(spark), at=DAYS[7], until=DAYS[9])
    assert items(train) == [f"i{day:02}" for day in range(1, 8)]
    assert items(test) == ["i08", "i09"]
    assert items(split_by_time(ten_days(spark), at=DAYS[7]).test) == ["i08", "i09", "i10"]


def test_an_event_without_an_instant_is_in_neither_part(spark: SparkSession) -> None:
    train, test = split_by_time(events(spark, ("u", "a", None)), at=DAYS[0])
    assert (items(train), items(test)) == ([], [])


def test_further_columns_are_kept(spark: SparkSession) -> None:
    frame = ten_days(spark)
    for split in (
        split_by_time(frame, at=DAYS[0]),
        split_last_n(frame, n=1),
        split_random(frame, share=0.5, seed=1),
    ):
        assert split.train.columns == split.test.columns == frame.columns


def test_the_last_events_of_each_user_are_the_test_the_greater_item_the_later(
    spark: SparkSession,
) -> None:
    frame = events(
        spark,
        ("u", "a", DAYS[1]),
        ("u", "c", DAYS[1]),
        ("u", "b", DAYS[1]),
        ("u", "z", DAYS[0]),
        ("v", "d", DAYS[0]),
        ("v", "e", None),
    )
    train, test = split_last_n(frame, n=1)
    assert (items(test), items(train)) == (["c", "d"], ["a", "b", "e", "z"])


def test_a_user_with_few_events_has_no_train(spark: SparkSession) -> None:
    assert items(split_last_n(events(spark, ("u", "a", DAYS[0])), n=2).train) == []


def test_a_random_split_is_the_same_however_the_rows_lie(spark: SparkSession) -> None:
    frame = events(spark, *[(f"u{n % 50}", f"i{n}", DAYS[n % 10]) for n in range(1000)])
    train, test = split_random(frame, share=0.8, seed=3)
    first = items(train)
    assert sorted(first + items(test)) == items(frame)
    assert 750 <= len(first) <= 850
    assert items(split_random(frame.repartition(5, "item_id"), share=0.8, seed=3).train) == first
    assert items(split_random(frame, share=0.8, seed=4).train) != first


def test_held_out_are_the_pairs_that_are_new_in_the_test(spark: SparkSession) -> None:
    test = pairs(spark, ("u", "a"), ("u", "b"), ("u", "b"), ("v", "a"), ("v", None), (None, "b"))
    train = pairs(spark, ("u", "a"), ("w", "b"))
    assert sorted(tuple(row) for row in held_out_items(test, train).collect()) == [
        ("u", "b"),
        ("v", "a"),
    ]


def test_leaks_are_rows_at_the_split_later_or_without_an_instant(spark: SparkSession) -> None:
    frame = events(
        spark, ("u", "a", DAYS[0]), ("u", "b", DAYS[1]), ("u", "c", DAYS[2]), ("u", "d", None)
    )
    assert [tuple(row) for row in count_leaks(frame, at=DAYS[1]).collect()] == [(3,)]
    assert [tuple(row) for row in count_leaks(events(spark), at=DAYS[1]).collect()] == [(0,)]


def test_a_leak_is_refused_with_its_table_and_what_to_do() -> None:
    with pytest.raises(ContractError, match=r"train: expected .* found 3 at it.*to do: split the"):
        refuse_leak(3, table="train", at=DAYS[1])
    refuse_leak(0, table="train", at=DAYS[1])


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    frame = events(spark).drop("event_at")
    with pytest.raises(ContractError, match="a column event_at timestamp"):
        split_by_time(frame, at=DAYS[0])
    with pytest.raises(ContractError, match="a column event_at timestamp"):
        split_last_n(frame, n=1)
    with pytest.raises(ContractError, match="a column item_id string"):
        held_out_items(pairs(spark).drop("item_id"), pairs(spark))
