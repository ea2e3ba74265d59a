"""Runs one job that kills itself, JVM and all, right before or after it writes a table, or waits.

    python armed_job.py JOB CONFIG MOMENT TABLE        (MOMENT: before, after, wait, or never)

Where it waits, before it writes the table, there is a file CONFIG.waits until somebody deletes it.
Meant to be started as the leader of a process group of its own.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from cxspark.contracts.table import Table
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import main


def arm(method: str, moment: str, name: str, sign: Path) -> None:
    """Make one of Tables' writing methods deadly, or wait, for one table."""
    write = getattr(Tables, method)

    def deadly(self: Tables, table: Table, *frames: Any, **options: Any) -> None:
        if (moment, name) == ("before", table.name):
            os.killpg(0, signal.SIGKILL)
        if (moment, name) == ("wait", table.name):
            sign.touch()
            while sign.exists():
                time.sleep(0.05)
        write(self, table, *frames, **options)
        if (moment, name) == ("after", table.name):
            os.killpg(0, signal.SIGKILL)

    setattr(Tables, method, deadly)


if __name__ == "__main__":
    job, config, moment, name = sys.argv[1:]
    for method in ("overwrite", "merge", "append"):
        arm(method, moment, name, Path(f"{config}.waits"))
    main(job, ["--config", config, "--run-id", "killed"])
