import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.evaluation.frames import HITS
from cxspark.evaluation.hits import match_hits
from cxspark.evaluation.metrics import RANK_METRICS, user_metrics

Case = tuple[list[int], int]

DISCOUNT_2, DISCOUNT_3 = 1 / math.log2(3), 1 / math.log2(4)


def scores(spark: SparkSession, cases: Sequence[Case], *, k: int) -> list[dict[str, float | None]]:
    rows = [("a", f"{n:05}", ranks, relevant, k) for n, (ranks, relevant) in enumerate(cases)]
    frame = user_metrics(spark.createDataFrame(rows, HITS.schema), k=k)
    return [
        {name: row[name] for name in RANK_METRICS} for row in frame.orderBy("user_id").collect()
    ]


def judge_list(items: list[str], relevant: set[str], *, k: int) -> dict[str, float]:
    """Every metric by its definition, place by place."""
    gains = np.array([item in relevant for item in items[:k]] + [False] * (k - len(items[:k])))
    places = np.arange(1, k + 1)
    ideal = places <= len(relevant)
    hits = gains.sum()
    return {
        "ndcg": (gains / np.log2(places + 1)).sum() / (ideal / np.log2(places + 1)).sum(),
        "recall": hits / len(relevant),
        "precision": hits / k,
        "average_precision": (gains * gains.cumsum() / places).sum() / ideal.sum(),
        "reciprocal_rank": 1 / places[gains].min() if hits else 0.0,
        "hit_rate": float(hits > 0),
    }


def test_hits_at_the_first_and_third_of_three_places(spark: SparkSession) -> None:
    (found,) = scores(spark, [([1, 3], 4)], k=3)
    assert found == pytest.approx(
        {
            "ndcg": (1 + DISCOUNT_3) / (1 + DISCOUNT_2 + DISCOUNT_3),
            "recall": 2 / 4,
            "precision": 2 / 3,
            "average_precision": (1 / 1 + 2 / 3) / 3,
            "reciprocal_rank": 1.0,
            "hit_rate": 1.0,
        }
    )


def test_one_item_held_out_and_found_at_the_second_place(spark: SparkSession) -> None:
    (found,) = scores(spark, [([2], 1)], k=10)
    assert found == pytest.approx(
        {
            "ndcg": DISCOUNT_2,
            "recall": 1.0,
            "precision": 0.1,
            "average_precision": 0.5,
            "reciprocal_rank": 0.5,
            "hit_rate": 1.0,
        }
    )


def test_without_hits_every_metric_is_zero(spark: SparkSession) -> None:
    (found,) = scores(spark, [([], 3)], k=5)
    assert found == dict.fromkeys(RANK_METRICS, 0.0)


def test_a_list_that_begins_with_all_there_is_to_find_is_perfect(spark: SparkSession) -> None:
    short, full = scores(spark, [([1, 2], 2), ([1, 2, 3], 8)], k=3)
    for name in ("ndcg", "average_precision", "reciprocal_rank", "hit_rate"):
        assert (short[name], full[name]) == (1.0, 1.0)


def test_hits_after_k_do_not_count(spark: SparkSession) -> None:
    late, both, none = scores(spark, [([4], 2), ([1, 4], 2), ([], 2)], k=3)
    (one,) = scores(spark, [([1], 2)], k=3)
    assert (late, both) == (none, one)


def test_where_nothing_is_held_out_there_is_no_score(spark: SparkSession) -> None:
    (found,) = scores(spark, [([], 0)], k=3)
    assert found == dict.fromkeys(RANK_METRICS)


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    hits = spark.createDataFrame([], HITS.schema).drop("n_relevant")
    with pytest.raises(ContractError, match="hits: expected a column n_relevant int"):
        user_metrics(hits, k=3)


ITEMS = st.sampled_from("abcdefghijkl")
LISTS = st.lists(
    st.tuples(st.lists(ITEMS, unique=True, max_size=8), st.sets(ITEMS, min_size=1)),
    min_size=20,
    max_size=80,
)


@settings(max_examples=8)  # each of some dozens of users
@given(users=LISTS, k=st.integers(1, 8))
def test_hits_and_metrics_are_those_of_their_definitions(
    spark: SparkSession, users: list[tuple[list[str], set[str]]], k: int
) -> None:
    lists = [
        ("a", f"{user:03}", rank, item)
        for user, (items, _) in enumerate([*users, (["a"], set())])
        for rank, item in enumerate(items, 1)
    ]
    truth = [(f"{user:03}", item) for user, (_, items) in enumerate(users) for item in items]
    hits = match_hits(
        spark.createDataFrame(lists, "algorithm string, user_id string, rank int, item_id string"),
        spark.createDataFrame(truth, "user_id string, item_id string"),
        k=k,
    )
    found = {row["user_id"]: row.asDict() for row in user_metrics(hits, k=k).collect()}
    assert len(found) == len(users)
    for user, (items, relevant) in enumerate(users):
        wanted = judge_list(items, relevant, k=k)
        assert {name: found[f"{user:03}"][name] for name in wanted} == pytest.approx(wanted)
