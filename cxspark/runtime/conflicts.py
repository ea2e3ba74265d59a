"""Two writers of one table at the same time: what Delta says of it, and what it means."""

import re
from collections.abc import Sequence

from cxspark.contracts.errors import ConflictError
from cxspark.contracts.table import Table
from cxspark.runtime.run import Commit

_CONFLICT = re.compile(r"\[DELTA_(CONCURRENT_\w+|METADATA_CHANGED|PROTOCOL_CHANGED)")
_AT_VERSION = re.compile(r"committed at version (\d+)")
_AFTER_VERSION = re.compile(r'"readVersion":(\d+)')


def conflict(table: Table, found: str) -> ConflictError:
    """The error of a run that another came in between of."""
    return ConflictError(
        table.name,
        "no other run that writes it at the same time",
        found,
        "run the job again, and let its runs wait for each other",
    )


def unchanged_since(seen: int, table: Table, newest: Sequence[Commit], *, part: str) -> int:
    """The version that made the rows which a run has seen, when no other has changed them since.

    Args:
        seen: the version that the run has seen.
        table: whose.
        newest: its newest commits, the latest first.
        part: of the table, on which the run depends; all of it where that is empty. Commits to
            other parts are none of its business.

    Returns:
        A version, the same for any two runs that have seen the same rows, whatever table care has
        committed; below every commit of rows to come.

    Raises:
        ConflictError: another run has changed rows since.
    """
    ours = (one for one in newest if one.changes_rows and not (part and one.part not in {"", part}))
    last = next(ours, None)
    if last is None:  # no rows yet, or they are older than these commits
        return newest[-1].version - 1
    if last.version > seen:
        who = f"{last.job} run {last.run_id}" if last.job else last.operation
        raise conflict(table, f"version {last.version} by {who}, after version {seen} was read")
    return last.version


def is_conflict(error: Exception) -> bool:
    """Whether a commit was refused because another came first; the table is as the other left it.

    Told by its text: the error's class differs between classic Spark and Connect.
    """
    return _CONFLICT.search(str(error)) is not None


def came_after_care(error: Exception, newest: Sequence[Commit]) -> bool:
    """Whether a commit was in conflict with table care alone.

    Files rewritten or settings changed are a conflict to Delta, although no row has changed: the
    same write, made again, does what it would have done before. That isn't so where other rows may
    have come in since.

    Args:
        error: the conflict.
        newest: the table's newest commits.

    Returns:
        True where every commit since the one in the way changed no row; the commits before it were
        found to be compatible by Delta.
    """
    text = str(error)
    if found := _AT_VERSION.search(text):
        first = int(found[1])
    elif found := _AFTER_VERSION.search(text):
        first = int(found[1]) + 1
    else:
        return False
    since = [commit for commit in newest if commit.version >= first]
    return min((one.version for one in since), default=-1) == first and not any(
        one.changes_rows for one in since
    )
