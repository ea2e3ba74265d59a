"""Look after every table: merge small files, cluster, delete what is out of use, and report."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.care.decisions import Circumstances
from cxspark.care.settings import CareTablesSettings
from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.errors import CxsparkError
from cxspark.contracts.operations import JOB_RUNS, TABLE_CARE
from cxspark.contracts.table import Table
from cxspark.runtime.ddl import quoted
from cxspark.runtime.outcome import failure
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps.table_care import as_row, care_for

log = logging.getLogger("cxspark")

# In the facts of the commit that ends a run, and how far back that is looked for.
_FAILED, _COMMITS = "failed", 100


def run(spark: SparkSession, settings: CareTablesSettings, tables: Tables) -> None:
    """Care for one table after another by its policy, and write what was found and done.

    Run again with the run id and settings of a run that has ended, it does nothing but what that
    failed at. A table that isn't there is skipped.

    Raises:
        CxsparkError: care of some tables failed; all others have been cared for.
    """
    left = _left(tables)
    if not left:
        log.info("%s: run %s has been done", STEP.name, tables.run.run_id)
        return
    last = (
        _newest(tables, TABLE_CARE)
        .where(F.col("vacuumed_at") <= F.lit(datetime.now(UTC)))  # else by a clock that was wrong
        .groupBy("table")
        .agg(F.unix_micros(F.max("vacuumed_at")).alias("micros"))
    )
    vacuumed = {row["table"]: _instant(row["micros"]) for row in last.collect()}
    (longest,) = _newest(tables, JOB_RUNS).agg(F.max("seconds").alias("seconds")).collect()
    longest_run = timedelta(seconds=longest["seconds"] or 0)
    rows, missing, failed = [], [], {}
    for table in left:
        around = Circumstances(datetime.now(UTC), vacuumed.get(table.name), longest_run)
        policy = settings.policy(table)
        try:
            cared = care_for(tables, table, policy, around, apply=settings.apply)
        except Exception as error:  # not even looked at: the others don't suffer from it
            failed[table.name], _ = failure(error)
            tables.warn(f"{table.name}: {failed[table.name]}")
            continue
        if cared is None:
            missing.append(table.name)
            continue
        rows.append(as_row(cared, run_id=tables.run.run_id, now=around.now))
        if cared.error is not None:
            failed[table.name] = cared.error
    log.info("%s: not made yet, skipped: %s", STEP.name, ", ".join(missing) or "none")
    names = ", ".join(quoted(table.name) for table in left)
    tables.overwrite(
        TABLE_CARE,
        spark.createDataFrame(rows, TABLE_CARE.schema),
        where=f"run_id = {quoted(tables.run.run_id)} AND table IN ({names})",
        facts={_FAILED: [*failed]},
    )
    _require_none(failed)


def _left(tables: Tables) -> list[Table]:
    """What a run has to care for: all tables; of a run that has ended, those that it failed at."""
    for commit in tables.history(TABLE_CARE, limit=_COMMITS):
        ours = (STEP.name, tables.run.run_id, tables.run.config_hash)
        is_ours = (commit.job, commit.run_id, commit.config_hash) == ours
        if is_ours and _FAILED in commit.facts:  # care of the report itself is a commit without
            return [TABLES[name] for name in commit.facts[_FAILED]]
    return [*TABLES.values()]


def _require_none(failed: Mapping[str, str]) -> None:
    if failed:
        raise CxsparkError(
            ", ".join(failed),
            "tables that can be cared for",
            "; ".join(failed.values()),
            "see to the cause, and run it again: the other tables have been cared for",
        )


def _newest(tables: Tables, table: Table) -> DataFrame:
    """The table as it is now, not pinned: this run adds to it, and is no reader of its own rows."""
    commits = tables.history(table, limit=1)
    if not commits:
        return tables.spark.createDataFrame([], table.schema)
    return tables.read(table, version=commits[0].version)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC)


STEP = Step(
    name="care_tables",
    summary="every table: small files merged, rows clustered, unused files deleted, by policy",
    settings=CareTablesSettings,
    reads=(),
    writes=(TABLE_CARE,),
    run=run,
    optional=tuple(table for table in TABLES.values() if table != TABLE_CARE),
)
