from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.report.spread import (
    aggregate_distances,
    aggregate_group_sizes,
    aggregate_matrix,
    aggregate_recommendations,
    filter_algorithm,
    rank_recommended,
)


def rows(frame: DataFrame) -> list[tuple[object, ...]]:
    return [tuple(row) for row in frame.collect()]


def groups_of(spark: SparkSession, sizes: list[int]) -> DataFrame:
    """Rows of as many groups as there are sizes, so large each."""
    numbered = spark.createDataFrame(list(enumerate(sizes)), "item_id long, size int")
    return numbered.selectExpr("item_id", "explode(sequence(1, size)) AS n")


def pairs_of(spark: SparkSession, *pairs: tuple[int, float]) -> DataFrame:
    return spark.createDataFrame(pairs, "rank int, distance double").selectExpr(
        "*", "'cosine' AS metric"
    )


def test_small_groups_are_told_apart_and_the_largest_come_first(spark: SparkSession) -> None:
    found = rows(aggregate_group_sizes(groups_of(spark, [1, 1, 2, 3, 5, 5]), by="item_id"))
    assert found == [(2, 2, 10), (1, 1, 3), (1, 1, 2), (0, 2, 2)]


def test_group_sizes_add_up_to_the_histogram_of_doublings(spark: SparkSession) -> None:
    rng = np.random.default_rng(5)
    sizes = [2**k + d for k in range(1, 11) for d in (-1, 0, 1)]
    sizes += rng.integers(1, 300, 200).tolist()
    found = aggregate_group_sizes(groups_of(spark, sizes), by="item_id").collect()
    n_groups: Counter[int] = Counter()
    n_rows: Counter[int] = Counter()
    for row in found:
        n_groups[row["doubling"]] += row["n_groups"]
        n_rows[row["doubling"]] += row["n_rows"]
    # bit_length is exact where a logarithm isn't.
    assert n_groups == Counter(size.bit_length() - 1 for size in sizes)
    for doubling, total in n_rows.items():
        assert total == sum(size for size in sizes if size.bit_length() - 1 == doubling)
    means = [row["n_rows"] / row["n_groups"] for row in found]
    assert all(before > after for before, after in pairwise(means))
    assert len(found) <= 32 * 11


def test_the_matrix_is_counted_once_per_user_and_item(spark: SparkSession) -> None:
    cells = spark.createDataFrame(
        [("u", "a"), ("u", "b"), ("v", "a")], "user_id string, item_id string"
    )
    assert rows(aggregate_matrix(cells)) == [(2, 2, 3)]
    assert rows(aggregate_matrix(cells.limit(0))) == [(0, 0, 0)]


def test_distances_fall_into_bins_from_zero_to_the_largest(spark: SparkSession) -> None:
    near = pairs_of(spark, (1, 0.0), (1, 0.5), (2, 0.5), (2, 1.9), (3, 2.0))
    # An edge belongs to the bin above it, the largest distance to the last one.
    assert rows(aggregate_distances(near, n_bins=4)) == [
        ("cosine", 0, 0.0, 0.5, 1, 0),
        ("cosine", 1, 0.5, 1.0, 1, 1),
        ("cosine", 3, 1.5, 2.0, 0, 2),
    ]


def test_distances_agree_with_numpy(spark: SparkSession) -> None:
    drawn = np.random.default_rng(3).exponential(2.0, 500)
    found = aggregate_distances(pairs_of(spark, *[(1, float(d)) for d in drawn]), n_bins=20)
    counts = {row["bin"]: row["n_nearest"] for row in found.collect()}
    expected, _ = np.histogram(drawn, bins=20, range=(0, drawn.max()))
    assert [counts.get(i, 0) for i in range(20)] == expected.tolist()


def test_equal_users_make_one_bin_and_nobody_none(spark: SparkSession) -> None:
    same = pairs_of(spark, (1, 0.0), (2, 0.0))
    assert rows(aggregate_distances(same, n_bins=9)) == [("cosine", 0, 0.0, 0.0, 1, 1)]
    assert rows(aggregate_distances(same.limit(0), n_bins=9)) == []


def test_recommendations_are_counted_by_origin_and_by_item(spark: SparkSession) -> None:
    offers = spark.createDataFrame(
        [
            ("knn", "u", "a", "popular"),
            ("knn", "u", "b", "neighbors"),
            ("knn", "v", "b", "neighbors"),
            ("knn", "v", "c", "neighbors"),
            ("als", "w", "z", "neighbors"),
        ],
        "algorithm string, user_id string, item_id string, origin string",
    )
    of_knn = filter_algorithm(offers, algorithm="knn")
    assert rows(aggregate_recommendations(of_knn)) == [("neighbors", 3, 2), ("popular", 1, 1)]
    assert rows(rank_recommended(of_knn, n=2)) == [("b", 2), ("a", 1)]


def test_a_column_of_another_type_is_named(spark: SparkSession) -> None:
    near = pairs_of(spark).selectExpr("rank", "metric", "cast(distance AS float) AS distance")
    with pytest.raises(ContractError, match=r"distance as double.*distance as float"):
        aggregate_distances(near, n_bins=2)
