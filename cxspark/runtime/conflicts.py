"""Two writers of one table at the same time: what Delta says of it, and what it means."""

import re
from collections.abc import Sequence

from cxspark.runtime.run import Commit

_CONFLICT = re.compile(r"\[DELTA_(CONCURRENT_\w+|METADATA_CHANGED|PROTOCOL_CHANGED)")
_AT_VERSION = re.compile(r"committed at version (\d+)")
_AFTER_VERSION = re.compile(r'"readVersion":(\d+)')


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
