"""What is known of a table when it's decided what care it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Change:
    """A commit.

    Attributes:
        version: which it made.
        at: UTC.
        changes_rows: whether rows may differ before and after it.
        is_append: whether it only added rows, so that no file is out of use since.
    """

    version: int
    at: datetime
    changes_rows: bool = True
    is_append: bool = False


@dataclass(frozen=True)
class TableState:
    """A table as it was found.

    Attributes:
        name: ``layer.name``.
        n_rows: of its newest version.
        size_bytes: of its data files.
        n_files: its data files.
        n_small_files: those below the policy's size.
        n_mergeable_files: the small files that have another in their partition.
        clustered_by: the columns of its liquid clustering.
        retention_hours: for how long files are kept after they were replaced, as the table has it;
            None where that is in words we don't read.
        log_days: for how long its history is kept, likewise.
        changes: its commits, the newest first.
        is_clustering_begun: the columns were set, and no OPTIMIZE has come since.
        taken_in: table that lives on this one's change feed -> the version it has taken in.
    """

    name: str
    n_rows: int
    size_bytes: int
    n_files: int
    n_small_files: int
    n_mergeable_files: int
    clustered_by: tuple[str, ...]
    retention_hours: int | None
    log_days: int | None
    changes: Sequence[Change]
    is_clustering_begun: bool = False
    taken_in: Mapping[str, int] = field(default_factory=dict)

    @property
    def newest(self) -> Change:
        """The newest commit."""
        return self.changes[0]
