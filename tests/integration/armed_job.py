"""Runs one job that kills itself, JVM and all, right before or after it writes a table.

    python armed_job.py JOB CONFIG MOMENT TABLE        (MOMENT: before, after, or never)

Meant to be started as the leader of a process group of its own, by test_killed_runs.
"""

import os
import signal
import sys
from typing import Any

from cxspark.contracts.table import Table
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import main


def arm(method: str, moment: str, name: str) -> None:
    """Make one of Tables' writing methods deadly for one table."""
    write = getattr(Tables, method)

    def deadly(self: Tables, table: Table, *frames: Any, **options: Any) -> None:
        if (moment, name) == ("before", table.name):
            os.killpg(0, signal.SIGKILL)
        write(self, table, *frames, **options)
        if (moment, name) == ("after", table.name):
            os.killpg(0, signal.SIGKILL)

    setattr(Tables, method, deadly)


if __name__ == "__main__":
    job, config, moment, name = sys.argv[1:]
    for method in ("overwrite", "merge", "append"):
        arm(method, moment, name)
    main(job, ["--config", config, "--run-id", "killed"])
