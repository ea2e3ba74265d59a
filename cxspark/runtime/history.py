"""A table's commits, as Delta's history tells them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.runtime.run import Commit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MISSING = {
    "DELTA_MISSING_DELTA_TABLE",
    "DELTA_PATH_DOES_NOT_EXIST",
    "DELTA_TABLE_NOT_FOUND",
    "DELTA_TABLE_ONLY_OPERATION",  # what Delta says of a folder that is no table, or is not there
    "TABLE_OR_VIEW_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    "PATH_NOT_FOUND",
}
# What Delta says of a version that the table keeps no longer, or whose log is gone.
GONE = {
    "DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION",
    "DELTA_VERSION_NOT_FOUND",
}

# What a commit has of the run's note; another version of the suite may have noted more.
_NOTED = {"job", "run_id", "started_at", "config_hash", "inputs", "part", "facts"}


def table_exists(spark: SparkSession, address: str) -> bool:
    """Whether there is a table.

    Cost: a few milliseconds, as nothing but its newest state is looked up.
    """
    try:
        _ = spark.table(address).schema  # Spark Connect looks at nothing before it's asked
    except AnalysisException as error:
        if error.getCondition() in _MISSING:
            return False
        raise
    return True


def read_history(spark: SparkSession, address: str, *, limit: int | None) -> list[Commit]:
    """The newest commits, the latest first, or all that the log has; none where there is no table.

    Cost: a tenth of a second, and one small file of the log per commit.
    """
    newest = "" if limit is None else f" LIMIT {limit}"
    try:
        history = spark.sql(f"DESCRIBE HISTORY {address}{newest}")
        rows = history.withColumn("micros", F.unix_micros("timestamp")).collect()
    except AnalysisException as error:
        if error.getCondition() in _MISSING:
            return []
        raise
    return [
        Commit(
            version=row["version"],
            at=_EPOCH + timedelta(microseconds=row["micros"]),
            operation=row["operation"] or "",
            is_append=(row["operationParameters"] or {}).get("mode") == "Append",
            metrics=row["operationMetrics"] or {},
            **_note(row["userMetadata"]),
        )
        for row in rows
    ]


def read_feed(spark: SparkSession, address: str, since: int, *, until: int) -> DataFrame | None:
    """What two versions and those between them changed; None where Delta has it no longer."""
    reader = spark.read.option("readChangeFeed", "true")
    reader = reader.option("startingVersion", since).option("endingVersion", until)
    try:
        changes = reader.table(address)
        _ = changes.schema  # Spark Connect looks at nothing before it's asked
    except AnalysisException as error:
        if error.getCondition() in GONE:
            return None
        raise
    return changes


def _note(user_metadata: str | None) -> dict[str, Any]:
    """The run's note in a commit; nothing where the commit isn't the suite's."""
    try:
        note = json.loads(user_metadata or "{}")
    except ValueError:
        return {}
    if not isinstance(note, dict) or not note.keys() >= {"job", "run_id", "config_hash"}:
        return {}
    return {name: value for name, value in note.items() if name in _NOTED}
