"""Settings that no job could do anything with: refused before anything runs."""

from typing import Any

import pytest

from cxspark.contracts.errors import ConfigError
from cxspark.runtime.config import Config
from cxspark.steps.graph import STEPS


def refused(job: str, settings: dict[str, Any]) -> ConfigError:
    with pytest.raises(ConfigError) as error:
        Config({job: settings}, origin="test").section(job, STEPS[job].settings)
    assert error.value.exit_code == 2
    return error.value


@pytest.mark.parametrize(
    ("job", "field"),
    [
        ("recommend_als", "at"),
        ("recommend_blend", "at"),
        ("build_interactions", "at"),
        ("segment_customers", "as_of"),
        ("ingest_events", "earliest_event_at"),
    ],
)
def test_an_instant_without_its_offset_is_refused(job: str, field: str) -> None:
    said = f"{field}: Input should have timezone info"
    assert said in refused(job, {field: "2026-01-01T10:00:00"}).found


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weights", {}),
        ("weights", {"view": float("nan")}),
        ("half_lives", []),
        ("half_lives", [-3]),
        ("few_half_lives", [0]),
        ("popular_half_lives", []),
        ("popular_half_lives", [0]),
        ("popular_half_lives", [float("inf")]),
        ("shares", []),
        ("shares", [2.0]),
        ("shares", [-0.1]),
        ("penalties", [0]),
        ("penalties", []),
        ("shrinkages", [-1]),
        ("ranks", [0]),
        ("ranks", []),
        ("regs", [-0.1]),
        ("alphas", [-1]),
        ("iterations", [0]),
        ("regs", [0.1, 1, 1.0]),
        ("half_lives", [14, 14.0]),
        ("shares", [0.5, 0.5]),
        ("algorithms", ["blend"]),
        ("user_metrics", []),
    ],
)
def test_an_evaluation_tries_nothing_that_cant_be(field: str, value: object) -> None:
    assert field in refused("evaluate_recommenders", {field: value}).found


def test_marks_are_learnt_from_marks_alone() -> None:
    assert "weights_from: interactions" in refused("train_als", {"implicit": False}).found
