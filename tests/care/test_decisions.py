from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cxspark.care.decisions import Circumstances, Decision, decide
from cxspark.care.settings import Policy
from cxspark.contracts.care import Change, TableState

NOW = datetime(2026, 11, 25, tzinfo=UTC)
AROUND = Circumstances(NOW)


def change(version: int, *, hours: float, **kind: bool) -> Change:
    """A commit of so many hours ago."""
    return Change(version, NOW - timedelta(hours=hours), **kind)


def state(changes: Sequence[Change] = (change(0, hours=1),), **found: Any) -> TableState:
    usual: dict[str, Any] = {
        "name": "silver.events",
        "n_rows": 10,
        "size_bytes": 1000,
        "n_files": 20,
        "n_small_files": 20,
        "n_mergeable_files": 20,
        "clustered_by": (),
        "retention_hours": 168,
        "log_days": 30,
    }
    return TableState(changes=changes, **{**usual, **found})


def decided(
    found: TableState, policy: Policy | None = None, around: Circumstances = AROUND
) -> dict[str, Decision]:
    return {one.action: one for one in decide(found, policy or Policy(), around)}


def due(*arguments: Any) -> list[str]:
    return [name for name, one in decided(*arguments).items() if one.is_due]


def test_sixteen_small_files_are_merged_and_fifteen_are_not() -> None:
    assert due(state(n_mergeable_files=16)) == ["optimize"]
    assert due(state(n_mergeable_files=15)) == []


def test_small_files_each_alone_in_its_partition_are_left() -> None:
    assert due(state(n_small_files=20, n_mergeable_files=0)) == []


def test_nothing_is_merged_where_the_policy_says_so() -> None:
    assert decided(state(), Policy(optimize=False))["optimize"].reason == "not asked for"


@pytest.mark.parametrize(
    ("policy", "is_due"),
    [
        (Policy(), False),
        (Policy(vacuum_hours=None), False),
        (Policy(vacuum_hours=200), True),
        (Policy(log_days=60), True),
    ],
)
def test_a_table_is_told_what_to_keep_where_it_differs(policy: Policy, is_due: bool) -> None:
    assert decided(state(), policy)["retention"].is_due == is_due


def test_words_of_a_retention_that_are_not_read_are_replaced() -> None:
    assert decided(state(retention_hours=None))["retention"].is_due


def test_clustering_is_done_where_it_differs_and_undone_where_nothing_is_named() -> None:
    by_user = Policy(cluster_by=("user_id",))
    assert decided(state(), by_user)["clustering"].is_due
    clustered = state(clustered_by=("user_id",))
    assert not decided(clustered, by_user)["clustering"].is_due
    assert not decided(clustered)["clustering"].is_due
    assert decided(clustered, Policy(cluster_by=()))["clustering"].is_due


REPLACED = (change(2, hours=1), change(1, hours=169), change(0, hours=200))


def test_files_replaced_longer_ago_than_the_retention_are_deleted() -> None:
    assert decided(state(REPLACED))["vacuum"].is_due


def test_nothing_is_deleted_where_nothing_was_replaced_so_long_ago() -> None:
    assert not decided(state((change(1, hours=167), change(0, hours=200))))["vacuum"].is_due


def test_a_log_of_attempts_leaves_nothing_to_delete() -> None:
    appended = (change(1, hours=1), change(1, hours=169, is_append=True), change(0, hours=200))
    assert not decided(state(appended))["vacuum"].is_due


def test_nothing_is_deleted_twice() -> None:
    yesterday = Circumstances(NOW, NOW - timedelta(hours=0.5))
    assert not decided(state(REPLACED), Policy(), yesterday)["vacuum"].is_due
    before = Circumstances(NOW, NOW - timedelta(hours=2))
    assert decided(state(REPLACED), Policy(), before)["vacuum"].is_due


def test_without_a_retention_nothing_is_deleted() -> None:
    assert not decided(state(REPLACED), Policy(vacuum_hours=None))["vacuum"].is_due


def test_changes_that_are_not_taken_in_hold_the_vacuum_back() -> None:
    one = decided(state(REPLACED, taken_in={"gold.user_item": 0}))["vacuum"]
    assert not one.is_due
    assert one.warning is not None
    assert one.warning.startswith("silver.events: expected its changes to be in gold.user_item")
    assert "version 1 of 2026-11-17 23:00 UTC" in one.warning
    assert "care_tables" in one.warning


def test_changes_that_are_taken_in_do_not() -> None:
    assert decided(state(REPLACED, taken_in={"gold.user_item": 1}))["vacuum"].is_due


def test_an_optimize_is_nothing_to_take_in() -> None:
    merged = (change(2, hours=1), change(1, hours=169, changes_rows=False), change(0, hours=200))
    assert decided(state(merged, taken_in={"gold.user_item": 0}))["vacuum"].is_due


def test_a_run_that_took_longer_than_the_retention_holds_the_vacuum_back() -> None:
    short = Policy(vacuum_hours=2, allow_short_retention=True)
    replaced = (change(2, hours=0.5), change(1, hours=3), change(0, hours=4))
    found = state(replaced, retention_hours=2)
    assert decided(found, short)["vacuum"].is_due
    slow = Circumstances(NOW, longest_run=timedelta(hours=2.5))
    one = decided(found, short, slow)["vacuum"]
    assert (one.is_due, "longer than a run takes, 2.5 h" in str(one.warning)) == (False, True)


def test_such_a_retention_is_not_even_set() -> None:
    short = Policy(vacuum_hours=2, allow_short_retention=True)
    found = state((change(0, hours=0.5),))
    assert due(found, short) == ["retention", "optimize"]
    slow = Circumstances(NOW, longest_run=timedelta(hours=2.5))
    assert due(found, short, slow) == ["optimize"]
    assert decided(found, short, slow)["retention"].warning is not None


def test_a_table_at_rest_gets_no_commit_but_is_vacuumed() -> None:
    resting = state((change(1, hours=169), change(0, hours=200)))
    assert due(resting, Policy(log_days=30)) == ["vacuum"]
    assert "left until it is next written" in decided(resting)["optimize"].reason


def test_a_table_that_does_not_keep_what_is_asked_is_not_vacuumed() -> None:
    resting = state((change(1, hours=169), change(0, hours=200)), log_days=20)
    assert due(resting) == []


def test_a_longer_retention_is_set_even_where_a_table_rests() -> None:
    resting = state((change(1, hours=169), change(0, hours=200)))
    assert due(resting, Policy(vacuum_hours=700)) == ["retention", "optimize"]


def test_without_a_retention_the_history_is_kept_as_asked_however_long_jobs_run() -> None:
    policy = Policy(vacuum_hours=None, log_days=60)
    found = decided(state(), policy, Circumstances(NOW, longest_run=timedelta(hours=3)))
    assert (found["retention"].is_due, found["retention"].warning) == (True, None)


@pytest.mark.parametrize(("n_rows", "is_due"), [(10, True), (0, False)])
def test_clustering_that_was_begun_and_not_ended_is_due(n_rows: int, is_due: bool) -> None:
    found = state(clustered_by=("user_id",), is_clustering_begun=True, n_rows=n_rows)
    assert decided(found, Policy(cluster_by=("user_id",)))["clustering"].is_due == is_due
    assert not decided(found)["clustering"].is_due
