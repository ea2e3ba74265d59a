"""What a run read, wrote and noticed: its manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class TableVersion:
    """A version of a table, and its rows: all of them if read, those of the commit if written."""

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
    """

    job: str
    run_id: str
    config_hash: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: list[TableVersion] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def commit_note(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What every commit of this run carries in Delta's userMetadata, `facts` among it."""
        return {
            "job": self.job,
            "run_id": self.run_id,
            "config_hash": self.config_hash,
            "inputs": self.inputs,
            "facts": dict(facts),
        }


@dataclass(frozen=True)
class Commit:
    """A commit as the table's history tells it; `job` is empty where others wrote it."""

    version: int
    metrics: Mapping[str, str]
    job: str = ""
    run_id: str = ""
    config_hash: str = ""
    inputs: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """The rows the commit wrote, without those that came along from files it rewrote."""
        written = int(self.metrics.get("numOutputRows", 0))
        return written - int(self.metrics.get("numCopiedRows", 0))
