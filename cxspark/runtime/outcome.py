"""How an attempt of a job ended."""

import json
import logging
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cxspark import __version__
from cxspark.contracts.errors import CxsparkError
from cxspark.runtime.estimate import Estimate
from cxspark.runtime.run import Run, TableVersion

log = logging.getLogger("cxspark")


@dataclass(frozen=True)
class Outcome:
    """How one attempt of one job ended; the JSON line and the row in ops.job_runs say it.

    Attributes:
        run: the manifest.
        status: done, failed, or dry run.
        seconds: wall time.
        inputs: what it read.
        error: why it failed.
        exit_code: of the job.
        metrics: what it took, for ops.run_metrics: name -> number.
        estimate: what it was expected to write and to need; None where it wasn't looked at.
    """

    run: Run
    status: str
    seconds: float = 0.0
    inputs: list[TableVersion] = field(default_factory=list)
    error: str | None = None
    exit_code: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    estimate: Estimate | None = None

    def as_row(self) -> dict[str, Any]:
        """The attempt in the columns of ops.job_runs."""
        return {
            "run_id": self.run.run_id,
            "job": self.run.job,
            "status": self.status,
            "started_at": self.run.started_at,
            "seconds": round(self.seconds, 3),
            "config_hash": self.run.config_hash,
            "inputs": [asdict(one) for one in self.inputs],
            "outputs": [asdict(one) for one in self.run.outputs],
            "warnings": self.run.warnings,
            "error": self.error,
            "version": __version__,
        }

    def as_metric_rows(self) -> list[dict[str, Any]]:
        """The attempt's metrics in the columns of ops.run_metrics."""
        which = {name: self.as_row()[name] for name in ("run_id", "job", "started_at")}
        return [{**which, "metric": name, "value": one} for name, one in self.metrics.items()]

    def as_json(self) -> str:
        """The row and the metrics, in one line; of a dry run what is expected."""
        told: dict[str, Any] = {**self.as_row(), "metrics": dict(self.metrics)}
        if self.status == "dry run" and self.estimate is not None:
            told["estimate"] = asdict(self.estimate)
        return json.dumps(told, default=lambda instant: instant.isoformat())


def failure(error: Exception) -> tuple[str, int]:
    """What is said of an error, and the exit code of a job that it ends.

    An orchestrator needs both, whatever happened; of what nobody foresaw the log has the traceback.
    """
    if isinstance(error, CxsparkError):
        return str(error), error.exit_code
    log.error("%s", traceback.format_exc())
    # Its first line, and the last of Java's causes, which says what it was: a full disk, say. Where
    # Java has no cause, what it threw itself.
    first, *others = str(error).splitlines() or [""]
    causes = [line.removeprefix(": ") for line in others if line.startswith((": ", "Caused by: "))]
    return "; ".join([f"{type(error).__name__}: {first}", *causes[-1:]]), 1
