"""Which care a table needs, from what was measured and its policy: no Spark, no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cxspark.care.settings import SAFE_HOURS, Policy
from cxspark.contracts.care import Change, TableState
from cxspark.contracts.errors import ContractError

RETENTION, CLUSTERING, OPTIMIZE, VACUUM = "retention", "clustering", "optimize", "vacuum"


@dataclass(frozen=True)
class Decision:
    """Whether something is to be done to a table, and why or why not.

    Attributes:
        action: ``retention`` (ALTER TABLE ... SET TBLPROPERTIES), ``clustering`` (ALTER TABLE ...
            CLUSTER BY, OPTIMIZE FULL), ``optimize`` or ``vacuum``.
        is_due: whether to do it.
        reason: in words.
        warning: what a person should look at; None where there is nothing.
    """

    action: str
    is_due: bool
    reason: str
    warning: str | None = None


@dataclass(frozen=True)
class Circumstances:
    """What counts beside the table itself.

    Attributes:
        now: UTC.
        vacuumed_at: when the table was last vacuumed; None where that isn't known.
        longest_run: of all jobs so far: for so long a job may need the versions it began with.
    """

    now: datetime
    vacuumed_at: datetime | None = None
    longest_run: timedelta = timedelta()


def decide(state: TableState, policy: Policy, around: Circumstances) -> list[Decision]:
    """What to do to a table, in this order.

    A table at rest gets no commit: Delta reads no version that is older than the retention, except
    the newest, so a job that has begun to read a version of long ago would lose it to a newer one.
    VACUUM is run so that it leaves no commit.
    """
    decided = [
        _retention(state, policy),
        _clustering(state, policy),
        _optimizing(state, policy),
    ]
    hours = policy.vacuum_hours or state.retention_hours or SAFE_HOURS
    age = around.now - state.newest.at
    if 2 * age > timedelta(hours=hours):
        why = f"left until it is next written: its newest version is {_hours(age)} old"
        decided = [_left(one, why) for one in decided]
    slow = _running(state, policy, around)
    if decided[0].is_due and slow:
        decided[0] = Decision(RETENTION, False, "held back: see the warning", slow)
    will_be_kept = decided[0].is_due or not _differs(state, policy)
    return [*decided, _vacuuming(state, policy, around, is_kept_as_asked=will_be_kept)]


def _left(decision: Decision, why: str) -> Decision:
    return (
        Decision(decision.action, False, f"{decision.reason}; {why}")
        if decision.is_due
        else decision
    )


def _differs(state: TableState, policy: Policy) -> bool:
    hours = policy.vacuum_hours
    return state.log_days != policy.log_days or hours not in (None, state.retention_hours)


def _retention(state: TableState, policy: Policy) -> Decision:
    asked = f"replaced files {_kept(policy.vacuum_hours)}, history {policy.log_days} days"
    if not _differs(state, policy):
        return Decision(RETENTION, False, f"as asked: {asked}")
    return Decision(RETENTION, True, f"asked: {asked}")


def _kept(hours: int | None) -> str:
    return "are not deleted" if hours is None else f"{hours} h"


def _clustering(state: TableState, policy: Policy) -> Decision:
    wanted, found = policy.cluster_by, state.clustered_by
    is_left = bool(wanted) and state.is_clustering_begun and state.n_rows > 0
    if wanted is None or (wanted == found and not is_left):
        return Decision(CLUSTERING, False, f"as asked: by {', '.join(found) or 'nothing'}")
    if wanted == found:
        return Decision(CLUSTERING, True, f"by {', '.join(found)}, begun and not ended")
    names = (", ".join(columns) or "nothing" for columns in (wanted, found))
    return Decision(CLUSTERING, True, "by {}, was by {}".format(*names))


def _optimizing(state: TableState, policy: Policy) -> Decision:
    if not policy.optimize:
        return Decision(OPTIMIZE, False, "not asked for")
    small = f"files smaller than {policy.small_file_mb:g} MiB that can be merged"
    if state.n_mergeable_files < policy.min_small_files:
        return Decision(OPTIMIZE, False, f"fewer than {policy.min_small_files} {small}")
    return Decision(OPTIMIZE, True, f"{state.n_mergeable_files} of {state.n_files} are {small}")


def _vacuuming(
    state: TableState, policy: Policy, around: Circumstances, *, is_kept_as_asked: bool
) -> Decision:
    if policy.vacuum_hours is None:
        return Decision(VACUUM, False, "not asked for")
    if not is_kept_as_asked:
        return Decision(VACUUM, False, "its retention isn't the policy's yet")
    retention = timedelta(hours=policy.vacuum_hours)
    until = around.now - retention
    since = around.vacuumed_at and around.vacuumed_at - retention
    replaced = [one for one in state.changes if _took_files_out(one) and one.at <= until]
    if since is not None:
        replaced = [one for one in replaced if one.at > since]
    if not replaced:
        return Decision(
            VACUUM,
            False,
            f"no file was replaced {policy.vacuum_hours} h ago or before"
            + (" since the last one" if since else ""),
        )
    held = _running(state, policy, around) or _unread(state, policy, until)
    if held:
        return Decision(VACUUM, False, "held back: see the warning", held)
    return Decision(VACUUM, True, f"files were replaced more than {policy.vacuum_hours} h ago")


def _took_files_out(change: Change) -> bool:
    """Whether the commit may have left files that no later version has (an OPTIMIZE did too)."""
    return change.version > 0 and not change.is_append


def _running(state: TableState, policy: Policy, around: Circumstances) -> str | None:
    """A job must find the versions it began with till its end."""
    if policy.vacuum_hours is None or around.longest_run < timedelta(hours=policy.vacuum_hours):
        return None
    return str(
        ContractError(
            state.name,
            f"replaced files to be kept longer than a run takes, {_hours(around.longest_run)}",
            f"vacuum_hours: {policy.vacuum_hours}",
            "raise vacuum_hours: a running job would lose the versions it reads",
        )
    )


def _unread(state: TableState, policy: Policy, until: datetime) -> str | None:
    """A table that lives on the change feed must find what it hasn't taken in."""
    for reader, version in state.taken_in.items():
        unread = [one for one in state.changes if one.version > version and one.changes_rows]
        if unread and unread[-1].at <= until:
            return str(
                ContractError(
                    state.name,
                    f"its changes to be in {reader} before their files are deleted",
                    f"version {unread[-1].version} of {unread[-1].at:%Y-%m-%d %H:%M} UTC not taken "
                    f"in after {policy.vacuum_hours} h",
                    f"run the job that writes {reader} (it builds anew), then care_tables; run it "
                    "more often, or raise vacuum_hours",
                )
            )
    return None


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):,.1f} h"
