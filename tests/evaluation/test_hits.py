import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.evaluation.frames import HITS
from cxspark.evaluation.hits import match_hits

RECOMMENDED = "algorithm string, user_id string, rank int, item_id string, score double"
HELD_OUT = "user_id string, item_id string"


def recommended(spark: SparkSession, *places: tuple[str, str, int, str]) -> DataFrame:
    return spark.createDataFrame([(*place, 0.5) for place in places], RECOMMENDED)


def held_out(spark: SparkSession, *pairs: tuple[str | None, str | None]) -> DataFrame:
    return spark.createDataFrame(list(pairs), HELD_OUT)


def matched(lists: DataFrame, truth: DataFrame, *, k: int) -> dict[tuple[str, str], tuple]:
    rows = match_hits(lists, truth, k=k).collect()
    found = {(row["algorithm"], row["user_id"]): tuple(row)[2:] for row in rows}
    assert len(found) == len(rows)
    return found


def test_hits_are_the_ranks_of_items_held_out_in_order(spark: SparkSession) -> None:
    lists = recommended(
        spark, ("a", "u", 3, "z"), ("a", "u", 1, "x"), ("a", "u", 2, "y"), ("a", "v", 1, "z")
    )
    truth = held_out(spark, ("u", "z"), ("u", "x"), ("u", "w"), ("v", "y"))
    assert matched(lists, truth, k=3) == {("a", "u"): ([1, 3], 3, 3), ("a", "v"): ([], 1, 1)}


def test_ranks_after_k_do_not_count(spark: SparkSession) -> None:
    lists = recommended(spark, ("a", "u", 1, "x"), ("a", "u", 2, "y"))
    assert matched(lists, held_out(spark, ("u", "y")), k=1) == {("a", "u"): ([], 1, 1)}


def test_every_algorithm_is_judged_over_the_same_users(spark: SparkSession) -> None:
    lists = recommended(spark, ("a", "u", 1, "x"), ("b", "v", 1, "x"))
    truth = held_out(spark, ("u", "x"), ("v", "x"), ("w", "x"))
    assert matched(lists, truth, k=5) == {
        ("a", "u"): ([1], 1, 1),
        ("a", "v"): ([], 1, 0),
        ("a", "w"): ([], 1, 0),
        ("b", "u"): ([], 1, 0),
        ("b", "v"): ([1], 1, 1),
        ("b", "w"): ([], 1, 0),
    }


def test_an_algorithm_whose_lists_are_all_for_other_users_is_judged_too(
    spark: SparkSession,
) -> None:
    lists = recommended(spark, ("a", "stranger", 1, "x"))
    assert matched(lists, held_out(spark, ("u", "x")), k=5) == {("a", "u"): ([], 1, 0)}


def test_an_item_twice_in_a_list_is_a_hit_once_at_its_better_rank(spark: SparkSession) -> None:
    lists = recommended(spark, ("a", "u", 3, "x"), ("a", "u", 2, "x"), ("a", "u", 1, "y"))
    assert matched(lists, held_out(spark, ("u", "x")), k=3) == {("a", "u"): ([2], 1, 3)}


def test_a_pair_held_out_twice_counts_once(spark: SparkSession) -> None:
    lists = recommended(spark, ("a", "u", 1, "x"))
    assert matched(lists, held_out(spark, ("u", "x"), ("u", "x")), k=3) == {("a", "u"): ([1], 1, 1)}


def test_pairs_with_a_null_are_nobodys_and_nothing(spark: SparkSession) -> None:
    lists = recommended(spark, ("a", "u", 1, "x"))
    truth = held_out(spark, ("u", "x"), ("u", None), (None, "x"), ("v", None))
    assert matched(lists, truth, k=3) == {("a", "u"): ([1], 1, 1)}


def test_without_lists_or_without_anything_held_out_there_is_nothing_to_judge(
    spark: SparkSession,
) -> None:
    lists, truth = recommended(spark, ("a", "u", 1, "x")), held_out(spark, ("u", "x"))
    assert matched(recommended(spark), truth, k=3) == {}
    assert matched(lists, held_out(spark), k=3) == {}


def test_hits_keep_their_contract(spark: SparkSession) -> None:
    found = match_hits(recommended(spark), held_out(spark), k=3).schema
    assert [(field.name, field.dataType.simpleString()) for field in found] == [
        (field.name, field.dataType.simpleString()) for field in HITS.schema
    ]


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match="recommended: expected a column rank int"):
        match_hits(recommended(spark).drop("rank"), held_out(spark), k=3)
    with pytest.raises(ContractError, match="held out: expected a column item_id string"):
        match_hits(recommended(spark), held_out(spark).drop("item_id"), k=3)
