import gc

import pytest

from cxspark.runtime.collecting import collecting_between


class Pair:
    """Refers to itself, and says when it is collected."""

    def __init__(self, collected: list[str]) -> None:
        self.itself, self.collected = self, collected

    def __del__(self) -> None:
        self.collected.append("gone")


def allocate_much() -> None:
    """More than the collector waits for."""
    _ = [[number] for number in range(100_000)]


def test_over_connect_what_refers_to_itself_is_collected_after_the_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
    collected: list[str] = []
    with collecting_between():
        Pair(collected)
        allocate_much()
        assert collected == []
    assert collected == ["gone"]
    assert gc.isenabled()


def test_the_collector_goes_on_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
    with pytest.raises(ValueError, match="broken"), collecting_between():
        raise ValueError("broken")
    assert gc.isenabled()


def test_a_session_that_is_yet_to_be_opened_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_CONNECT_MODE_ENABLED", raising=False)
    monkeypatch.setenv("SPARK_REMOTE", "sc://localhost")
    with collecting_between():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_elsewhere_the_collector_runs_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_CONNECT_MODE_ENABLED", raising=False)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    collected: list[str] = []
    with collecting_between():
        Pair(collected)
        allocate_much()
        assert collected == ["gone"]
