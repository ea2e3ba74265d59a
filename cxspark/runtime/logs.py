"""What the suite logs on stderr: lines for people, or JSON for machines."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from cxspark.runtime.run import Run

LogFormat = Literal["text", "json"]

log = logging.getLogger("cxspark")


class _OfRun(logging.Filter):
    """Gives each line the run that is at work: there is one at a time in a process."""

    run: Run | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        record.run = self.run
        return True


class _Json(logging.Formatter):
    """One JSON object a line: at, level, message, run_id, job, and what the line has as `data`."""

    def format(self, record: logging.LogRecord) -> str:
        run: Run | None = getattr(record, "run", None)
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "run_id": run.run_id if run else None,
            "job": run.job if run else None,
            **getattr(record, "data", {}),
        }
        return json.dumps(told, default=str)


class _Stderr(logging.StreamHandler[TextIO]):
    """To what stderr is now, not when the handler was made."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


_of_run = _OfRun()


def show_progress(form: LogFormat = "text") -> None:
    """Send what the suite logs to stderr; called again it changes the form."""
    handler = _Stderr()
    handler.addFilter(_of_run)
    handler.setFormatter(
        _Json() if form == "json" else logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")
    )
    # Its own handler alone: what else logs in this process keeps its own form.
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO)


@contextmanager
def logging_of(run: Run) -> Iterator[None]:
    """Lines of this block are of the run."""
    _of_run.run = run
    try:
        yield
    finally:
        _of_run.run = None
