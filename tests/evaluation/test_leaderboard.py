from typing import Any

import pytest

from cxspark.contracts.errors import QualityGateError
from cxspark.evaluation.leaderboard import as_lines, finding, verdict


def row(
    algorithm: str, value: float, difference: tuple[float, float, float] | None
) -> dict[str, Any]:
    mean, low, high = difference or (None, None, None)
    return {
        "algorithm": algorithm,
        "segment": "all",
        "metric": "ndcg",
        "k": 10,
        "value": value,
        "low": value - 0.01,
        "high": value + 0.01,
        "n_users": 1423,
        "baseline": "popular_recent" if difference else None,
        "difference": mean,
        "difference_low": low,
        "difference_high": high,
        "is_default": algorithm == "blend",
        "fit_seconds": 1.0,
        "recommend_seconds": 2.5,
        "seed": 42,
        "input": "silver.events@3",
        "split": "time, train share 0.8; settings chosen on 4 windows before the test",
        "candidates": "all items of the training",
    }


BASELINE = row("popular_recent", 0.1, None)


def test_the_best_is_first() -> None:
    lines = as_lines([BASELINE, row("blend", 0.12, (0.02, 0.01, 0.03))])
    assert [line.split()[0] for line in lines[:3]] == ["model", "blend", "popular_recent"]


def test_how_they_were_judged_is_below() -> None:
    told = "\n".join(as_lines([BASELINE, row("blend", 0.12, (0.02, 0.01, 0.03))])[3:])
    assert "* the default" in told
    assert "seed 42; silver.events@3" in told
    assert "split: time, train share 0.8; settings chosen on 4 windows before the test" in told
    assert "candidates: all items of the training" in told


def test_a_line_has_interval_difference_and_seconds() -> None:
    line = as_lines([row("blend", 0.12, (0.02, 0.01, 0.03))])[1]
    assert "0.1200" in line
    assert "0.1100 to 0.1300" in line
    assert "+0.0200 (+0.0100 to +0.0300)" in line
    assert line.endswith("3.5")


def test_better_is_said_only_beyond_noise() -> None:
    assert "is better than" in verdict([BASELINE, row("blend", 0.12, (0.02, 0.01, 0.03))])
    assert "is no better than" in verdict([BASELINE, row("blend", 0.12, (0.02, -0.01, 0.05))])


def test_worse_beyond_noise_is_refused() -> None:
    with pytest.raises(QualityGateError, match="no worse than popular_recent") as refused:
        verdict([BASELINE, row("blend", 0.08, (-0.02, -0.03, -0.01))])
    assert refused.value.exit_code == 4


def test_worse_within_noise_is_no_better() -> None:
    assert "is no better than" in verdict([BASELINE, row("blend", 0.09, (-0.01, -0.03, 0.01))])


def test_a_finding_is_told_where_a_verdict_is_refused() -> None:
    worse = [BASELINE, row("blend", 0.08, (-0.02, -0.03, -0.01))]
    assert finding(worse).startswith("blend is worse than popular_recent: ndcg@10 -0.0200")
    better = [BASELINE, row("blend", 0.12, (0.02, 0.01, 0.03))]
    assert finding(better) == verdict(better)


def test_without_the_default_nothing_is_judged() -> None:
    assert "not judged" in finding([BASELINE])
    assert verdict([BASELINE]) == finding([BASELINE])
