"""Table care in Delta's own SQL: measure a table, say what it keeps, merge and delete files.

Nothing here decides anything. One table after another: Delta takes what it is to do from the
session's settings, which are set for a command and put back.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Row, SparkSession

from cxspark.contracts.care import Change, TableState
from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.table import Table
from cxspark.runtime.ddl import properties_statement
from cxspark.runtime.session_settings import set_for_now, setting
from cxspark.runtime.tables import Tables

_RETENTION, _LOG = "delta.deletedFileRetentionDuration", "delta.logRetentionDuration"
_DEFAULTS = {_RETENTION: "interval 1 week", _LOG: "interval 30 days"}
_HOURS = {"hour": 1, "day": 24, "week": 168}
_LISTING = "spark.sql.sources.parallelPartitionDiscovery.parallelism"


@dataclass(frozen=True)
class Rewritten:
    """Files that an OPTIMIZE replaced, and those it put in their place."""

    n_removed: int
    n_added: int


def measure(
    tables: Tables, table: Table, *, small_bytes: int, min_small_files: int
) -> TableState | None:
    """The table as it is now; None where it hasn't been made.

    Args:
        tables: where it is.
        table: which.
        small_bytes: a file below this is small.
        min_small_files: where there are fewer files, all small ones are taken to be mergeable.

    Cost: three look-ups in Delta's log, whose every commit is opened once. Small files are counted
    from the log alone where all files must be small; in a larger table, or one with many files in
    partitions, by a pass over its rows that reads no column (some 0.3 CPU microseconds a row).
    """
    commits = tables.history(table, limit=None)
    if not commits:
        return None
    address = tables.location.address(table)
    (detail,) = tables.spark.sql(f"DESCRIBE DETAIL {address}").collect()
    (counted,) = tables.spark.sql(f"SELECT count(*) AS n FROM {address}").collect()
    n_small, n_mergeable = _small_files(tables.spark, address, detail, small_bytes, min_small_files)
    properties = {**_DEFAULTS, **detail["properties"]}
    clusterings = (c.operation for c in commits if c.operation in {"CLUSTER BY", "OPTIMIZE"})
    log_hours = _interval_hours(properties[_LOG])
    return TableState(
        name=table.name,
        n_rows=counted["n"],
        size_bytes=detail["sizeInBytes"],
        n_files=detail["numFiles"],
        n_small_files=n_small,
        n_mergeable_files=n_mergeable,
        clustered_by=tuple(detail["clusteringColumns"] or ()),
        retention_hours=_interval_hours(properties[_RETENTION]),
        log_days=None if log_hours is None else log_hours // 24,
        is_clustering_begun=next(clusterings, "") == "CLUSTER BY",
        changes=[Change(c.version, c.at, c.changes_rows, c.is_append) for c in commits],
        taken_in=_taken_in(tables, table),
    )


def set_retention(tables: Tables, table: Table, *, hours: int | None, log_days: int) -> None:
    """Have the table keep replaced files and its history for so long.

    VACUUM and Delta's time travel go by the table's own setting, so nobody's session has to change
    or switch off Delta's check.

    Args:
        tables: where it is.
        table: which.
        hours: for replaced files; None leaves it as it is.
        log_days: for the history.
    """
    properties = {_LOG: f"interval {log_days} days"}
    if hours is not None:
        properties[_RETENTION] = f"interval {hours} hours"
    tables.spark.sql(properties_statement(properties, tables.location.address(table)))


def cluster(tables: Tables, table: Table, columns: Sequence[str]) -> Rewritten:
    """Cluster the table by columns, rows that are there already too; by none, no longer.

    Cost: by columns, all of the table is written anew.
    """
    address = tables.location.address(table)
    names = ", ".join(f"`{name}`" for name in columns)
    with set_for_now(tables.spark, _noted(tables)):
        tables.spark.sql(f"ALTER TABLE {address} CLUSTER BY {f'({names})' if names else 'NONE'}")
        if not columns:
            return Rewritten(0, 0)
        return _rewritten(tables.spark.sql(f"OPTIMIZE {address} FULL").collect())


def optimize(tables: Tables, table: Table, *, small_bytes: int, target_bytes: int) -> Rewritten:
    """Merge the files that are small, and those of whose rows over 5% are deleted softly.

    A file that has no other to be merged with stays as it is, and so do its deleted rows.

    Cost: the merged files are read and written once.
    """
    sizes = {
        "spark.databricks.delta.optimize.minFileSize": str(small_bytes),
        "spark.databricks.delta.optimize.maxFileSize": str(target_bytes),
    }
    with set_for_now(tables.spark, {**_noted(tables), **sizes}):
        command = f"OPTIMIZE {tables.location.address(table)}"
        return _rewritten(tables.spark.sql(command).collect())


def vacuum(tables: Tables, table: Table, *, n_files: int) -> int:
    """Delete what the table has out of use for longer than it keeps replaced files.

    Returns:
        How many files and empty folders went.

    Cost: the table's folder is listed once, and once more where there is something to delete. Delta
    does that in as many tasks as Spark finds partitions with, 10,000 by default, which take most of
    a minute even for ten rows: here in one per hundred files. No commit is made of it, so that the
    newest version remains the newest.
    """
    n_tasks = min(max(4, n_files // 100), int(setting(tables.spark, _LISTING, "10000")))
    quiet = {_LISTING: str(n_tasks), "spark.databricks.delta.vacuum.logging.enabled": "false"}
    with set_for_now(tables.spark, quiet):
        command = f"VACUUM {tables.location.address(table)}"
        n_deleted = tables.spark.sql(f"{command} DRY RUN").count()
        if n_deleted:
            tables.spark.sql(command)
    return n_deleted


def _small_files(
    spark: SparkSession, address: str, detail: Row, small_bytes: int, min_small_files: int
) -> tuple[int, int]:
    """How many files are small, and how many of those have another in their partition."""
    n_files, parts = detail["numFiles"], detail["partitionColumns"]
    if detail["sizeInBytes"] < small_bytes and (n_files < min_small_files or not parts):
        return n_files, n_files if n_files > 1 else 0
    keys = "".join(f"`{name}`, " for name in parts)
    per_part = f"GROUP BY {keys.removesuffix(', ')}" if parts else ""
    (found,) = spark.sql(
        "SELECT coalesce(sum(n), 0) AS small, coalesce(sum(IF(n > 1, n, 0)), 0) AS mergeable "
        f"FROM (SELECT count(*) AS n FROM (SELECT {keys} xxhash64(_metadata.file_path) AS file, "
        f"max(_metadata.file_size) AS size FROM {address} GROUP BY ALL) "
        f"WHERE size < {small_bytes} {per_part})"
    ).collect()
    return found["small"], found["mergeable"]


def _taken_in(tables: Tables, table: Table) -> dict[str, int]:
    """The version that each table which lives on this one's change feed has taken in."""
    found = {}
    for reader in TABLES.values():
        if table.name in reader.fed_by:
            commits = tables.history(reader, limit=None)
            versions = (one.inputs[table.name] for one in commits if table.name in one.inputs)
            newest = next(versions, None)
            if newest is not None:
                found[reader.name] = newest
    return found


def _interval_hours(text: str) -> int | None:
    """The hours of an interval as Delta writes it; None of one that isn't a single whole number.

    Example:
        >>> _interval_hours("interval 1 week"), _interval_hours("interval 90 minutes")
        (168, None)
    """
    found = re.fullmatch(r"(?:interval )?(\d+) (hour|day|week)s?", text.strip().lower())
    return int(found[1]) * _HOURS[found[2]] if found else None


def _rewritten(rows: list[Row]) -> Rewritten:
    metrics = rows[0]["metrics"]
    return Rewritten(metrics["numFilesRemoved"], metrics["numFilesAdded"])


def _noted(tables: Tables) -> dict[str, str]:
    """The run's note, which commands of SQL take from the session."""
    note = json.dumps(tables.run.commit_note({}))
    return {"spark.databricks.delta.commitInfo.userMetadata": note}
