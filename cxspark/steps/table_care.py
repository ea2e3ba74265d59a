"""One table's care: measured, decided, done, measured again."""

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cxspark.care import decisions
from cxspark.care.decisions import Circumstances, decide
from cxspark.care.settings import SAFE_HOURS, Policy
from cxspark.contracts.care import Change, TableState
from cxspark.contracts.table import Table
from cxspark.runtime.care import Rewritten, cluster, measure, optimize, set_retention, vacuum
from cxspark.runtime.conflicts import is_conflict
from cxspark.runtime.outcome import failure
from cxspark.runtime.tables import Tables

_MIB = 1024 * 1024
_DONE = {True: "done", False: "due, not done"}

log = logging.getLogger("cxspark")


@dataclass
class Cared:
    """What became of a table.

    Attributes:
        state: as it was left.
        actions: what was looked at, in the columns of ``ops.table_care``.
        warnings: what to look at.
        rewritten: by OPTIMIZE.
        n_deleted: by VACUUM.
        vacuumed_at: the last one, of this run or before.
        seconds: wall time.
        error: of what was tried and failed; None where nothing did.
    """

    state: TableState
    vacuumed_at: datetime | None
    actions: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rewritten: list[Rewritten] = field(default_factory=list)
    n_deleted: int = 0
    seconds: float = 0.0
    error: str | None = None


def care_for(
    tables: Tables, table: Table, policy: Policy, around: Circumstances, *, apply: bool
) -> Cared | None:
    """Do what is due to a table; None where there is none.

    After a conflict with another writer the rest is left to the next run: the other goes first. So
    is it after any other error, which is told with the table.
    """
    started = time.monotonic()
    small_bytes = int(policy.small_file_mb * _MIB)
    look = partial(
        measure, tables, table, small_bytes=small_bytes, min_small_files=policy.min_small_files
    )
    state = look()
    if state is None:
        return None
    cared, is_free = Cared(state, around.vacuumed_at), apply
    for one in decide(state, policy, around):
        is_done = one.is_due and is_free and _tried(one.action, tables, table, policy, cared)
        is_free = is_free and is_done == one.is_due
        action = {"action": one.action, "reason": one.reason}
        cared.actions.append({**action, "is_due": one.is_due, "is_done": is_done})
        cared.warnings += [one.warning] if one.warning else []
        if one.is_due:
            log.info("%s: %s %s: %s", table.name, one.action, _DONE[is_done], one.reason)
    if any(one["is_done"] for one in cared.actions):
        cared.state = look() or state
    cared.seconds = time.monotonic() - started
    for warning in cared.warnings:
        tables.warn(warning)
    return cared


def _tried(action: str, tables: Tables, table: Table, policy: Policy, cared: Cared) -> bool:
    """Whether it was done; not where it failed, or another writer was at work, who goes first."""
    try:
        _do(action, tables, table, policy, cared)
    except Exception as error:  # its class differs between classic Spark and Connect
        why = "met another writer, left to the next run"
        if not is_conflict(error):
            cared.error, _ = failure(error)
            why = f"failed: {cared.error}"
        cared.warnings.append(f"{table.name}: {action} {why}")
        return False
    return True


def _do(action: str, tables: Tables, table: Table, policy: Policy, cared: Cared) -> None:
    hours, log_days = policy.vacuum_hours, policy.log_days
    sizes = {
        "small_bytes": int(policy.small_file_mb * _MIB),
        "target_bytes": int(policy.target_file_mb * _MIB),
    }
    match action:
        case decisions.RETENTION:
            set_retention(tables, table, hours=hours, log_days=log_days)
        case decisions.CLUSTERING:
            cared.rewritten.append(cluster(tables, table, policy.cluster_by or ()))
        case decisions.OPTIMIZE:
            cared.rewritten.append(optimize(tables, table, **sizes))
        case decisions.VACUUM:
            began_at = datetime.now(UTC)
            cared.n_deleted = vacuum(tables, table, n_files=cared.state.n_files)
            cared.vacuumed_at = began_at


def as_row(cared: Cared, *, run_id: str, now: datetime) -> dict[str, Any]:
    """The table's row of ``ops.table_care``."""
    state, oldest = cared.state, _oldest_readable(cared.state, now)
    return {
        "run_id": run_id,
        "table": state.name,
        "measured_at": now,
        "version": state.newest.version,
        "n_rows": state.n_rows,
        "size_bytes": state.size_bytes,
        "n_files": state.n_files,
        "n_small_files": state.n_small_files,
        "n_versions": len(state.changes),
        "oldest_version": oldest.version,
        "oldest_at": oldest.at,
        "n_files_removed": sum(one.n_removed for one in cared.rewritten),
        "n_files_added": sum(one.n_added for one in cared.rewritten),
        "n_files_deleted": cared.n_deleted,
        "vacuumed_at": cared.vacuumed_at,
        "actions": cared.actions,
        "warnings": cared.warnings,
        "seconds": round(cared.seconds, 3),
    }


def _oldest_readable(state: TableState, now: datetime) -> Change:
    """The oldest commit within the retention; Delta reads none before it, but the newest always."""
    since = now - timedelta(hours=state.retention_hours or SAFE_HOURS)
    return next((one for one in reversed(state.changes) if one.at >= since), state.newest)
