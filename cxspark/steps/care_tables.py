"""Look after every table: merge small files, cluster, delete what is out of use, and report."""

import logging
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.care.decisions import Circumstances
from cxspark.care.settings import CareTablesSettings
from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.operations import JOB_RUNS, TABLE_CARE
from cxspark.contracts.table import Table
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps.table_care import as_row, care_for

log = logging.getLogger("cxspark")


def run(spark: SparkSession, settings: CareTablesSettings, tables: Tables) -> None:
    """Care for one table after another by its policy, and write what was found and done.

    Run again with the run id of a run that has ended, it does nothing. A table that isn't there is
    skipped.
    """
    reports = _newest(tables, TABLE_CARE)
    ours = f"run_id = {quoted(tables.run.run_id)}"
    if reports.where(ours).limit(1).count():
        log.info("%s: run %s has been done", STEP.name, tables.run.run_id)
        return
    last = reports.groupBy("table").agg(F.unix_micros(F.max("vacuumed_at")).alias("micros"))
    vacuumed = {row["table"]: _instant(row["micros"]) for row in last.collect()}
    (longest,) = _newest(tables, JOB_RUNS).agg(F.max("seconds").alias("seconds")).collect()
    longest_run = timedelta(seconds=longest["seconds"] or 0)
    rows, missing = [], []
    for table in TABLES.values():
        around = Circumstances(datetime.now(UTC), vacuumed.get(table.name), longest_run)
        policy = settings.policy(table)
        cared = care_for(tables, table, policy, around, apply=settings.apply)
        if cared is None:
            missing.append(table.name)
        else:
            rows.append(as_row(cared, run_id=tables.run.run_id, now=around.now))
    log.info("%s: not made yet, skipped: %s", STEP.name, ", ".join(missing) or "none")
    tables.overwrite(TABLE_CARE, spark.createDataFrame(rows, TABLE_CARE.schema), where=ours)


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
