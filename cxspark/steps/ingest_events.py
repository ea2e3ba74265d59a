"""Take in raw event files: bronze as they came, silver what is valid, quarantine the rest."""

import logging
from functools import partial, reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.events import BRONZE_EVENTS, LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.ingest.batch import Batch, loads_where, plan_batch
from cxspark.ingest.duplicates import aggregate_days, aggregate_pieces, judge, span, within_days
from cxspark.ingest.events import check_records
from cxspark.ingest.files import ListedFile, by_format, look_up_files
from cxspark.ingest.outcome import aggregate_funnel, to_loads, to_quarantine, to_silver
from cxspark.ingest.profile import FileProfile, profile_files
from cxspark.ingest.records import records_from_csv, records_from_json, to_bronze
from cxspark.ingest.settings import IngestEventsSettings, Source
from cxspark.runtime import raw_files
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables

log = logging.getLogger("cxspark")


def run(spark: SparkSession, settings: IngestEventsSettings, tables: Tables) -> None:
    """Load the files that aren't loaded yet; killed at any instant, the next run completes it.

    Each table gets the rows of this batch's loads in one commit, in place of those that a killed
    run may have left; the ledger comes last and says that the loads are complete.
    """
    source, started_at = settings.source, tables.run.started_at
    batch = _plan(spark, settings, tables)
    for note in batch.notes:
        tables.warn(note)
    if not batch.loads and tables.exists(LOADS):
        return
    where = batch.where(source.name)
    loads = spark.createDataFrame(batch.table())
    known = tables.read_or_empty(SILVER_EVENTS).where(f"source = '{source.name}' AND NOT ({where})")
    raw = to_bronze(_read(spark, batch, source), loads, source=source.name, loaded_at=started_at)
    tables.overwrite(BRONZE_EVENTS, raw, where=where)

    bronze = tables.read(BRONZE_EVENTS).where(where)
    checked = check_records(bronze, settings=settings, now=started_at)
    pieces, days = aggregate_pieces(bronze).persist(), aggregate_days(checked).persist()
    first, last = span(days).collect()[0]
    judged = judge(
        checked,
        pieces,
        days,
        within_days(known, first=first, last=last),
        max_events_per_user_day=settings.max_events_per_user_day,
    ).persist()
    ledger = to_loads(
        judged, pieces, loads, source=source.name, run_id=tables.run.run_id, loaded_at=started_at
    )
    tables.side_by_side(
        partial(tables.overwrite, QUARANTINE, to_quarantine(judged), where=where),
        partial(tables.overwrite, SILVER_EVENTS, to_silver(judged), where=where),
    )
    tables.overwrite(LOADS, ledger, where=where)
    log.info("%s: %s", source.name, aggregate_funnel(ledger).collect()[0]["funnel"])
    for frame in (judged, days, pieces):
        frame.unpersist()


def _plan(spark: SparkSession, settings: IngestEventsSettings, tables: Tables) -> Batch:
    """Profile every file that isn't known as it is, and plan those with content that is new."""
    source = settings.source
    ledger = tables.read_or_empty(LOADS).where(F.col("source") == source.name)
    listed = look_up_files(raw_files.list_files(spark, settings.input), ledger)
    every = [ListedFile(**row.asDict()) for row in raw_files.collect_rows(listed)]
    files = by_format([one.file for one in every if not one.is_loaded], source=source)
    lines = raw_files.read_lines(spark, files["csv"])
    objects = raw_files.read_objects(spark, json=files["json"], parquet=files["parquet"])
    profiles = profile_files(lines, quote=source.quote).unionByName(
        profile_files(objects, quote=source.quote, keys=source.source_columns())
    )
    found = [FileProfile(**row.asDict()) for row in raw_files.collect_rows(profiles)]
    known = ledger.where(loads_where(found, source=source.name)).select("load_id")
    return plan_batch(
        every,
        found,
        source=source,
        loaded={row["load_id"] for row in known.collect()} if found else (),
        columns_of=lambda file: raw_files.parquet_columns(spark, file),
    )


def _read(spark: SparkSession, batch: Batch, source: Source) -> DataFrame:
    """The batch's raw records, layout by layout."""
    objects = raw_files.read_objects(
        spark, json=batch.files("json"), parquet=batch.files("parquet")
    )
    frames = [
        records_from_csv(
            raw_files.read_csv(
                spark,
                files,
                n_columns=len(layout.columns),
                delimiter=source.delimiter,
                quote=source.quote,
                encoding=source.encoding,
                multiline=layout.multiline,
            ),
            columns=layout.columns,
        )
        for layout, files in batch.csv_files().items()
    ]
    return reduce(DataFrame.unionByName, frames, records_from_json(objects))


STEP = Step(
    name="ingest_events",
    summary="raw files -> bronze, silver and quarantined events, each file once",
    settings=IngestEventsSettings,
    reads=(SILVER_EVENTS, LOADS),
    writes=(BRONZE_EVENTS, QUARANTINE, SILVER_EVENTS, LOADS),
    run=run,
)
