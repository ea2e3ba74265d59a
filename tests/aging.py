"""Tables of long ago: everything Delta knows of time is set back, in the log and on disk."""

import os
import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote


def age(spark: SparkSession, folder: Path, *, hours: float) -> None:
    """Let the table have been written so many hours earlier than it was."""
    log = folder / "_delta_log"
    for commit in log.glob("*.json"):
        moved = re.sub(
            r'"deletionTimestamp":(\d+)',
            lambda found: f'"deletionTimestamp":{int(found[1]) - int(hours * 3_600_000)}',
            commit.read_text(),
        )
        at = commit.stat().st_mtime
        (log / f".{commit.name}.crc").unlink(missing_ok=True)
        commit.write_text(moved)
        os.utime(commit, (at, at))
    for path in folder.rglob("*"):
        at = path.stat().st_mtime - hours * 3600
        os.utime(path, (at, at))
    if is_remote():
        pytest.skip("over Spark Connect the server's memory of Delta's log can't be cleared")
    # What the session has read of the log before is of another time.
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
