import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.evaluation.coverage import coverage
from cxspark.evaluation.diversity import diversity
from cxspark.evaluation.novelty import novelty
from cxspark.evaluation.popular_share import popular_share
from cxspark.evaluation.popularity import item_popularity

RECOMMENDED = "algorithm string, user_id string, rank int, item_id string"


def recommended(spark: SparkSession, lists: dict[tuple[str, str], str]) -> DataFrame:
    """Lists of items of one letter each, by algorithm and user."""
    rows = [
        (algorithm, user, rank, item)
        for (algorithm, user), items in lists.items()
        for rank, item in enumerate(items, 1)
    ]
    return spark.createDataFrame(rows, RECOMMENDED)


def baskets(spark: SparkSession, users: dict[str | None, str]) -> DataFrame:
    rows = [(user, item) for user, items in users.items() for item in items]
    return spark.createDataFrame(rows, "user_id string, item_id string")


def by_algorithm(frame: DataFrame) -> dict[str, tuple[float, ...]]:
    rows = frame.collect()
    found = {row["algorithm"]: tuple(row)[1:] for row in rows}
    assert len(found) == len(rows)
    return found


def catalogue(spark: SparkSession, items: str) -> DataFrame:
    return spark.createDataFrame([(item,) for item in items], "item_id string")


def test_popularity_counts_a_user_once(spark: SparkSession) -> None:
    train = baskets(spark, {"u": "aab", "v": "a", "w": "c", "x": "a", None: "d"})
    found = {row["item_id"]: tuple(row)[1:] for row in item_popularity(train).collect()}
    assert found == {"a": (3, 0.75), "b": (1, 0.25), "c": (1, 0.25)}


def test_nobody_has_nothing(spark: SparkSession) -> None:
    assert item_popularity(baskets(spark, {})).collect() == []


def test_coverage_is_the_share_of_the_catalogue_in_the_first_k_places(spark: SparkSession) -> None:
    lists = recommended(spark, {("one", "u"): "ab", ("one", "v"): "ac", ("all", "u"): "abcd"})
    found = by_algorithm(coverage(lists, catalogue(spark, "aabcdefgh"), k=2))
    assert {name: share for name, (share, _) in found.items()} == {"one": 3 / 8, "all": 2 / 8}


def test_gini_is_nought_where_all_items_have_as_many_places_and_near_one_where_one_has_all(
    spark: SparkSession,
) -> None:
    lists = recommended(
        spark,
        {
            ("even", "u"): "ab",
            ("even", "v"): "cd",
            ("one", "u"): "a",
            ("one", "v"): "a",
            ("mixed", "u"): "abc",
            ("mixed", "v"): "a",
        },
    )
    found = by_algorithm(coverage(lists, catalogue(spark, "abcd"), k=3))
    # Places 0, 1, 1, 2: (-3*0 - 1 + 1 + 3*2) / (4*4).
    assert {name: gini for name, (_, gini) in found.items()} == pytest.approx(
        {"even": 0.0, "one": 0.75, "mixed": 6 / 16}
    )


def test_items_beyond_the_catalogue_cover_nothing(spark: SparkSession) -> None:
    lists = recommended(spark, {("some", "u"): "az", ("none", "u"): "zy"})
    found = by_algorithm(coverage(lists, catalogue(spark, "ab"), k=5))
    assert found == {"some": (0.5, 0.5), "none": (0.0, None)}


def test_novelty_is_the_surprise_in_bits_mean_over_lists_then_users(spark: SparkSession) -> None:
    train = baskets(spark, {"u": "ab", "v": "a", "w": "ac", "x": "ac"})
    lists = recommended(spark, {("m", "u"): "cb", ("m", "v"): "a", ("m", "w"): "bb"})
    found = by_algorithm(novelty(lists, item_popularity(train), k=2))
    assert found == {"m": (pytest.approx(((1 + 2) / 2 + 0 + 2) / 3), 3)}


def test_what_nobody_has_is_as_novel_as_what_one_user_has(spark: SparkSession) -> None:
    train = baskets(spark, dict.fromkeys("stuvwxyz", "a"))
    lists = recommended(spark, {("m", "u"): "q"})
    assert by_algorithm(novelty(lists, item_popularity(train), k=2)) == {"m": (3.0, 1)}


def test_popular_share_is_the_share_of_places_of_the_head(spark: SparkSession) -> None:
    train = baskets(spark, {"u": "abcd", "v": "abc", "w": "a", "x": "e"})
    lists = recommended(spark, {("m", "u"): "abc", ("m", "v"): "d", ("rare", "u"): "edz"})
    popularity = item_popularity(train)
    # Two of five items: a by its users, b before c by its id.
    assert by_algorithm(popular_share(lists, popularity, k=3, share=0.4)) == {
        "m": (0.5,),
        "rare": (0.0,),
    }
    assert by_algorithm(popular_share(lists, popularity, k=1, share=0.01))["m"] == (0.5,)


def test_diversity_is_one_less_the_mean_cosine_of_pairs(spark: SparkSession) -> None:
    train = baskets(spark, {"u": "abb", "v": "ab", "w": "a", "x": "c", None: "bc"})
    lists = recommended(spark, {("m", "u"): "abc", ("m", "v"): "ba", ("m", "w"): "a"})
    cosine = 2 / math.sqrt(3 * 2)
    found = by_algorithm(diversity(lists, train, k=3))
    assert found == {"m": (pytest.approx(1 - (cosine / 3 + cosine) / 2), 2)}


def test_lists_of_items_that_nobody_has_two_of_are_wholly_diverse(spark: SparkSession) -> None:
    lists = recommended(spark, {("m", "u"): "ab", ("single", "u"): "aa"})
    found = by_algorithm(diversity(lists, baskets(spark, {"u": "a", "v": "b"}), k=2))
    assert found == {"m": (1.0, 1)}


def test_without_lists_there_are_no_rows(spark: SparkSession) -> None:
    lists, train = recommended(spark, {}), baskets(spark, {"u": "a"})
    popularity = item_popularity(train)
    for frame in (
        coverage(lists, popularity, k=3),
        novelty(lists, popularity, k=3),
        popular_share(lists, popularity, k=3),
        diversity(lists, train, k=3),
    ):
        assert frame.collect() == []


def test_missing_columns_are_named(spark: SparkSession) -> None:
    lists, train = recommended(spark, {}), baskets(spark, {})
    with pytest.raises(ContractError, match="recommended: expected a column rank int"):
        coverage(lists.drop("rank"), train, k=3)
    with pytest.raises(ContractError, match="item popularity: expected a column n_users bigint"):
        novelty(lists, train, k=3)
    with pytest.raises(ContractError, match="held out: expected a column user_id string"):
        diversity(lists, train.drop("user_id"), k=3)


ITEMS = st.text("abcdefg", max_size=6)


@settings(max_examples=5)
@given(
    lists=st.dictionaries(st.sampled_from("uvwxyz"), ITEMS.filter(bool), min_size=1),
    users=st.dictionaries(st.sampled_from("uvwxyz"), ITEMS),
    k=st.integers(1, 5),
)
def test_all_are_what_their_definitions_say(
    spark: SparkSession, lists: dict[str, str], users: dict[str, str], k: int
) -> None:
    frame = recommended(spark, {("m", user): items for user, items in lists.items()})
    top = [items[:k] for items in lists.values()]

    places = np.sort([sum(items.count(item) for items in top) for item in "abcdefg"])
    apart = np.abs(places[:, None] - places[None, :]).sum()
    share, gini = by_algorithm(coverage(frame, catalogue(spark, "abcdefg"), k=k))["m"]
    assert share == np.mean(places > 0)
    assert gini == pytest.approx(apart / (2 * places.size * places.sum()))

    train = baskets(spark, dict(users))
    popularity = item_popularity(train)
    having = [set(items) for items in users.values() if items]
    n_having = {item: sum(item in items for items in having) for item in "abcdefg"}
    surprises = [
        [-math.log2(max(n_having[item], 1) / len(having)) for item in items] if having else []
        for items in top
    ]
    found = by_algorithm(novelty(frame, popularity, k=k))
    average = np.mean([np.mean(one) for one in surprises]) if having else None
    assert found == {"m": (average if average is None else pytest.approx(average), len(top))}

    known = sorted((item for item in n_having if n_having[item]), key=lambda one: -n_having[one])
    head = known[: math.ceil(0.4 * len(known))]
    found = by_algorithm(popular_share(frame, popularity, k=k, share=0.4))
    assert found == {"m": (pytest.approx(np.mean([one in head for one in "".join(top)])),)}

    def cosine(a: str, b: str) -> float:
        has = np.array([[one in items for items in users.values()] for one in (a, b)], float)
        return float(has[0] @ has[1] / max(np.sqrt(has[0].sum() * has[1].sum()), 1.0))

    wanted = [
        np.mean([1 - cosine(a, b) for a, b in combinations(sorted(set(items)), 2)])
        for items in top
        if len(set(items)) > 1
    ]
    found = by_algorithm(diversity(frame, train, k=k))
    assert found == ({"m": (pytest.approx(np.mean(wanted)), len(wanted))} if wanted else {})
