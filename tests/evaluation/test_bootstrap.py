from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.errors import PythonException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.stats import bootstrap

from cxspark.contracts.errors import ContractError
from cxspark.evaluation.bootstrap import METRIC_INTERVALS, metric_intervals
from cxspark.evaluation.weights import poisson_weights

SCORED = "algorithm string, user_id string, ndcg double, recall double, tier string"

Key = tuple[str, str, str]
Row = tuple[str, str | None, float | None, float | None, str | None]


def scored(spark: SparkSession, rows: Sequence[Row]) -> DataFrame:
    return spark.createDataFrame(list(rows), SCORED)


def judged(frame: DataFrame, **settings: Any) -> dict[Key, dict[str, Any]]:
    settings = {"baseline": "base", "seed": 7, "n_replicates": 200, **settings}
    if "segment" not in settings:
        frame = frame.drop("tier")
    rows = metric_intervals(frame, **settings).collect()
    found = {(row["algorithm"], row["segment"], row["metric"]): row.asDict() for row in rows}
    assert len(found) == len(rows)
    return found


def world(n_users: int) -> tuple[list[Row], NDArray[np.float64]]:
    """Users of two tiers with scores by base, a copy of it, and one that is better."""
    random = np.random.default_rng(5)
    base = random.beta(0.5, 2.0, (n_users, 2))
    better = np.clip(base + random.normal(0.05, 0.2, (n_users, 2)), 0, 1)
    tiers = ["gold" if user % 3 == 0 else "basic" for user in range(n_users)]
    rows = [
        (name, f"u{user}", float(one[user, 0]), float(one[user, 1]), tiers[user])
        for name, one in (("base", base), ("copy", base), ("better", better))
        for user in range(n_users)
    ]
    return rows, np.stack([base, better])


@pytest.fixture(scope="module")
def many(spark: SparkSession) -> DataFrame:
    return scored(spark, world(500)[0]).cache()


@pytest.fixture(scope="module")
def found(many: DataFrame) -> dict[Key, dict[str, Any]]:
    return judged(many, segment="tier")


def test_there_is_a_row_for_each_algorithm_segment_and_metric(
    many: DataFrame, found: dict[Key, dict[str, Any]]
) -> None:
    assert set(found) == {
        (algorithm, segment, metric)
        for algorithm in ("base", "copy", "better")
        for segment in ("all", "gold", "basic")
        for metric in ("ndcg", "recall")
    }
    assert metric_intervals(many.drop("tier"), baseline="base", seed=1).columns == (
        METRIC_INTERVALS.columns
    )


def test_values_are_means_over_the_users_of_the_segment(found: dict[Key, dict[str, Any]]) -> None:
    _, (base, better) = world(500)
    whole, gold = found["better", "all", "recall"], found["better", "gold", "recall"]
    assert (whole["n_users"], gold["n_users"]) == (500, 167)
    assert whole["value"] == pytest.approx(better[:, 1].mean())
    assert gold["value"] == pytest.approx(better[::3, 1].mean())
    assert gold["difference"] == pytest.approx((better - base)[::3, 1].mean())


def test_intervals_are_those_of_the_same_weights_in_numpy(
    spark: SparkSession, found: dict[Key, dict[str, Any]]
) -> None:
    _, (base, better) = world(500)
    ids = spark.range(500).select(F.xxhash64(F.concat(F.lit("u"), "id")).alias("hash"))
    hashes = np.array([row["hash"] for row in ids.collect()])
    weights = poisson_weights(hashes, n_replicates=200, seed=7)
    for segment, who in (("all", slice(None)), ("gold", slice(None, None, 3))):
        drawn = weights[who]
        means = drawn.T @ better[who] / drawn.sum(axis=0)[:, None]
        paired = drawn.T @ (better - base)[who] / drawn.sum(axis=0)[:, None]
        for place, metric in enumerate(("ndcg", "recall")):
            row = found["better", segment, metric]
            wanted = [
                *np.quantile(means[:, place], [0.025, 0.975]),
                *np.quantile(paired[:, place], [0.025, 0.975]),
            ]
            names = ("low", "high", "difference_low", "difference_high")
            assert [row[name] for name in names] == pytest.approx(wanted)


def test_intervals_are_about_those_of_scipy(found: dict[Key, dict[str, Any]]) -> None:
    _, (base, better) = world(500)
    row = found["better", "all", "ndcg"]
    for values, low, high in (
        (better[:, 0], row["low"], row["high"]),
        ((better - base)[:, 0], row["difference_low"], row["difference_high"]),
    ):
        wanted = bootstrap((values,), np.mean, method="percentile", rng=1).confidence_interval
        width = wanted.high - wanted.low
        assert abs(low - wanted.low) < 0.15 * width
        assert abs(high - wanted.high) < 0.15 * width


def test_identical_algorithms_differ_by_nothing_at_all(found: dict[Key, dict[str, Any]]) -> None:
    row = found["copy", "all", "ndcg"]
    assert row["baseline"] == "base"
    assert (row["difference"], row["difference_low"], row["difference_high"]) == (0.0, 0.0, 0.0)
    assert row["low"] < row["value"] < row["high"]


def test_pairing_makes_the_difference_surer_than_either_value(
    found: dict[Key, dict[str, Any]],
) -> None:
    row = found["better", "all", "ndcg"]
    assert row["difference_high"] - row["difference_low"] < 0.8 * (row["high"] - row["low"])


def test_the_baseline_is_compared_with_nothing(found: dict[Key, dict[str, Any]]) -> None:
    row = found["base", "all", "ndcg"]
    names = ("baseline", "difference", "difference_low", "difference_high")
    assert [row[name] for name in names] == [None] * 4


def test_rows_may_lie_anywhere_and_in_any_order(
    many: DataFrame, found: dict[Key, dict[str, Any]]
) -> None:
    moved = many.orderBy(F.xxhash64("user_id", "algorithm")).repartition(5, "ndcg")
    again = judged(moved, segment="tier")
    assert set(again) == set(found)
    for key, row in again.items():
        assert row == {
            name: pytest.approx(value, abs=1e-12) if isinstance(value, float) else value
            for name, value in found[key].items()
        }


def test_another_seed_draws_other_replicates(
    many: DataFrame, found: dict[Key, dict[str, Any]]
) -> None:
    other = judged(many, seed=8)["better", "all", "ndcg"]
    first = found["better", "all", "ndcg"]
    assert other["value"] == pytest.approx(first["value"])
    assert other["low"] != pytest.approx(first["low"])


def test_a_95_percent_interval_covers_the_truth_about_so_often(spark: SparkSession) -> None:
    random = np.random.default_rng(11)
    n_worlds, n_users = 200, 60
    rows = [
        ("base", f"{world}/{user}", score, score, f"world {world}")
        for world in range(n_worlds)
        for user, score in enumerate(random.uniform(size=n_users).tolist())
    ]
    found = judged(scored(spark, rows), segment="tier", n_replicates=300)
    covers = [
        row["low"] <= 0.5 <= row["high"]
        for (_, segment, metric), row in found.items()
        if segment != "all" and metric == "ndcg"
    ]
    assert len(covers) == n_worlds
    assert 0.89 <= np.mean(covers) <= 0.99


def test_one_user_has_a_value_but_no_interval(spark: SparkSession) -> None:
    frame = scored(spark, [("base", "u", 0.5, 0.5, None), ("x", "u", 0.7, 1.0, None)])
    row = judged(frame)["x", "all", "ndcg"]
    assert (row["n_users"], row["value"], row["difference"]) == (1, 0.7, pytest.approx(0.2))
    assert (row["low"], row["high"], row["difference_low"]) == (None, None, None)


@pytest.mark.parametrize(("n_users", "is_told"), [(9, False), (10, True)])
def test_of_fewer_than_ten_users_there_is_no_interval(
    spark: SparkSession, n_users: int, is_told: bool
) -> None:
    row = judged(scored(spark, world(n_users)[0]))["better", "all", "ndcg"]
    ends = ("low", "high", "difference_low", "difference_high")
    assert [row[name] is not None for name in ends] == [is_told] * 4


def test_without_users_there_are_no_rows(spark: SparkSession) -> None:
    assert judged(scored(spark, [])) == {}
    assert judged(scored(spark, [("base", None, 0.5, 0.5, None)])) == {}


def test_a_null_is_no_value(spark: SparkSession) -> None:
    frame = scored(
        spark,
        [
            ("base", "u", 0.5, None, None),
            ("base", "v", 0.1, None, None),
            ("x", "u", 0.7, 1.0, None),
            ("x", "v", None, 0.0, None),
        ],
    )
    found = judged(frame)
    assert ("base", "all", "recall") not in found
    assert found["x", "all", "ndcg"]["n_users"] == 1
    assert found["x", "all", "ndcg"]["difference"] == pytest.approx(0.2)
    assert found["x", "all", "recall"]["value"] == 0.5
    assert found["x", "all", "recall"]["baseline"] is None


def test_users_without_a_segment_count_among_all(spark: SparkSession) -> None:
    frame = scored(
        spark,
        [
            ("base", "u", 0.5, 0.5, "gold"),
            ("base", "v", 0.2, 0.5, None),
            ("base", "w", 0.2, 0.5, "gold"),
        ],
    )
    found = judged(frame, segment="tier")
    assert {key[1]: row["n_users"] for key, row in found.items()} == {"all": 3, "gold": 2}


def test_a_user_with_two_rows_by_an_algorithm_is_refused(spark: SparkSession) -> None:
    frame = scored(spark, [("base", "u", 0.5, 0.5, None)] * 2)
    with pytest.raises(PythonException, match="expected one row per algorithm x user_id"):
        judged(frame)


def test_a_baseline_that_nobody_has_is_refused(spark: SparkSession) -> None:
    with pytest.raises(PythonException, match="expected the baseline popular; found base"):
        judged(scored(spark, [("base", "u", 0.5, 0.5, None)]), baseline="popular")


def test_a_segment_called_as_all_users_are_is_refused(spark: SparkSession) -> None:
    with pytest.raises(PythonException, match="expected no segment called all"):
        judged(scored(spark, [("base", "u", 0.5, 0.5, "all")]), segment="tier")


def test_a_metric_must_be_a_double(spark: SparkSession) -> None:
    frame = scored(spark, []).withColumn("recall", F.lit("1"))
    with pytest.raises(ContractError, match="expected recall as double; found recall as string"):
        judged(frame)


def test_keys_alone_are_nothing_to_judge(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match="expected a double for each metric"):
        judged(scored(spark, []).drop("ndcg", "recall"))
