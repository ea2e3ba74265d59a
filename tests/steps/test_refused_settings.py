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


@pytest.mark.parametrize("job", ["recommend_als", "recommend_blend", "build_interactions"])
def test_an_instant_without_its_offset_is_refused(job: str) -> None:
    assert "at: " in refused(job, {"at": "2026-01-01T10:00:00"}).found
    Config({job: {"at": "2026-01-01T10:00:00+01:00"}}, origin="test").section(
        job, STEPS[job].settings
    )


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
    ],
)
def test_an_evaluation_tries_nothing_that_cant_be(field: str, value: object) -> None:
    assert field in refused("evaluate_recommenders", {field: value}).found
