"""Take in raw event files: bronze as they came, silver what is valid, quarantine the rest."""

from pyspark.sql import SparkSession

from cxspark.contracts.events import BRONZE_EVENTS, LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.contracts.keeping import keep, release
from cxspark.ingest.batch import BATCH_LOADS
from cxspark.ingest.duplicates import aggregate_days, aggregate_pieces, judge, span, within_days
from cxspark.ingest.events import check_records
from cxspark.ingest.outcome import to_loads, to_quarantine, to_silver
from cxspark.ingest.records import to_bronze
from cxspark.ingest.settings import IngestEventsSettings
from cxspark.runtime.step import Inputs, Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.left_behind import tell_left_behind
from cxspark.steps.raw_input import plan_input, read_input, tell_outcome


def run(spark: SparkSession, settings: IngestEventsSettings, tables: Tables) -> None:
    """Load the files that aren't loaded yet; killed at any instant, the next run completes it.

    Each table gets the rows of this batch's loads in one commit, in place of those that a killed
    run may have left; the ledger comes last and says that the loads are complete.
    """
    source, started_at = settings.source, tables.run.started_at
    ledger = tables.read_or_empty(LOADS)
    known_loads = ledger.limit(0) if settings.reload else ledger
    batch = plan_input(spark, source, settings.input, known_loads)
    for note in batch.notes:
        tables.warn(note)
    if not batch.loads and tables.exists(LOADS):
        tell_left_behind(ledger, source, tables)
        return
    where = batch.where(source.name)
    loads = spark.createDataFrame(batch.rows(), BATCH_LOADS)
    known = tables.read_or_empty(SILVER_EVENTS).where(f"source = '{source.name}' AND NOT ({where})")
    raw = to_bronze(
        read_input(spark, batch, source), loads, source=source.name, loaded_at=started_at
    )
    tables.overwrite(BRONZE_EVENTS, raw, where=where, part=source.name)

    bronze = tables.read(BRONZE_EVENTS).where(where)
    checked = check_records(bronze, settings=settings, now=started_at)
    pieces, days = keep(aggregate_pieces(bronze)), keep(aggregate_days(checked))
    first, last = span(days).collect()[0]
    judged = keep(
        judge(
            checked,
            pieces,
            days,
            within_days(known, first=first, last=last),
            max_events_per_user_day=settings.max_events_per_user_day,
        )
    )
    rejected, ours = to_quarantine(judged, origin=BRONZE_EVENTS), f"origin = '{BRONZE_EVENTS.name}'"
    ended = to_loads(
        judged, pieces, loads, source=source.name, run_id=tables.run.run_id, loaded_at=started_at
    )
    # Silver first: it is refused where another run of the source has come in between.
    tables.overwrite(SILVER_EVENTS, to_silver(judged), where=where, part=source.name)
    tables.overwrite(QUARANTINE, rejected, where=f"{ours} AND {where}")
    tell_left_behind(ledger, source, tables)
    tables.overwrite(LOADS, ended, where=where, part=source.name)
    tell_outcome(source, ended, judged, tables)
    release(judged, days, pieces)


STEP = Step(
    name="ingest_events",
    summary="raw files -> bronze, silver and quarantined events, each file once",
    settings=IngestEventsSettings,
    reads=(SILVER_EVENTS, LOADS),
    inputs=lambda settings: Inputs(optional=(SILVER_EVENTS, LOADS), files=settings.input),
    writes=(BRONZE_EVENTS, QUARANTINE, SILVER_EVENTS, LOADS),
    run=run,
    rows=estimates.ingested_events,
)
