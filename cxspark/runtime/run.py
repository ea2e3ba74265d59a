"""What a run read, wrote and noticed: its manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# What Delta calls the commits that table care makes, and others that leave every row as it was.
WITHOUT_ROWS = {
    "ADD COLUMNS",
    "ADD CONSTRAINT",
    "CHANGE COLUMN",
    "CLUSTER BY",
    "CREATE TABLE",
    "DROP CONSTRAINT",
    "OPTIMIZE",
    "REORG",
    "SET TBLPROPERTIES",
    "UNSET TBLPROPERTIES",
    "UPGRADE PROTOCOL",
    "VACUUM END",
    "VACUUM START",
}


@dataclass(frozen=True)
class TableVersion:
    """A version of a table, and its rows: all of them if read, those of the commit if written.

    Of what a failed attempt read they may not have been counted: then there are -1.
    """

    table: str
    version: int
    n_rows: int


@dataclass
class Run:
    """One attempt of one job.

    Attributes:
        job: the job's name.
        run_id: given by the orchestrator; a retry has the same.
        config_hash: of the job's settings; a table remembers the one it was built with.
        started_at: UTC.
        inputs: table -> version read.
        outputs: what was committed, in order.
        warnings: what a person should look at.
        facts: table -> what was kept with its commit.
    """

    job: str
    run_id: str
    config_hash: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: list[TableVersion] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def commit_note(self, facts: Mapping[str, Any], *, part: str = "") -> dict[str, Any]:
        """What every commit of this run carries in Delta's userMetadata, `facts` among it."""
        return {
            "job": self.job,
            "run_id": self.run_id,
            "started_at": self.started_at.isoformat(),
            "config_hash": self.config_hash,
            "inputs": self.inputs,
            "part": part,
            "facts": dict(facts),
        }


@dataclass(frozen=True)
class Commit:
    """A commit as the table's history tells it; `job` is empty where others wrote it.

    Attributes:
        version: which the commit made.
        at: UTC.
        operation: as Delta calls it.
        is_append: whether it added rows and touched no others.
        metrics: Delta's counts.
        job: which wrote it.
        run_id: of the run that wrote it.
        started_at: of that attempt of the run; ISO 8601.
        config_hash: of that run's settings.
        inputs: table -> version that the run read.
        part: of the table, which alone it read and changed; empty where it was all of it.
        facts: what the job kept for its next run.
    """

    version: int
    at: datetime
    operation: str
    is_append: bool
    metrics: Mapping[str, str]
    job: str = ""
    run_id: str = ""
    started_at: str = ""
    config_hash: str = ""
    inputs: Mapping[str, int] = field(default_factory=dict)
    part: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """The rows the commit wrote, without those that came along from files it rewrote."""
        written = int(self.metrics.get("numOutputRows", 0))
        return written - int(self.metrics.get("numCopiedRows", 0))

    @property
    def changes_rows(self) -> bool:
        """Whether rows may differ before and after it."""
        return self.operation not in WITHOUT_ROWS

    def is_of(self, run: Run) -> bool:
        """Whether this attempt made it, and no other of the same run."""
        ours = (run.job, run.run_id, run.started_at.isoformat())
        return (self.job, self.run_id, self.started_at) == ours
