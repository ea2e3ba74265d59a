"""Take in a snapshot of customers: bronze as it came, silver what is valid, quarantine the rest."""

import logging

from pyspark.sql import SparkSession

from cxspark.contracts.events import QUARANTINE
from cxspark.contracts.features import BRONZE_CUSTOMERS, CUSTOMERS, SNAPSHOTS
from cxspark.contracts.keeping import keep, release
from cxspark.ingest.batch import BATCH_LOADS
from cxspark.ingest.customer_settings import IngestCustomersSettings
from cxspark.ingest.customers import (
    aggregate_columns,
    choose_features,
    judge_customers,
    to_customers,
)
from cxspark.ingest.duplicates import aggregate_pieces
from cxspark.ingest.outcome import to_loads, to_quarantine
from cxspark.ingest.records import to_bronze
from cxspark.runtime.step import Inputs, Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.raw_input import plan_input, read_input, tell_outcome

log = logging.getLogger("cxspark")


def run(spark: SparkSession, settings: IngestCustomersSettings, tables: Tables) -> None:
    """Replace the source's customers by those of the snapshot; the ledger comes last."""
    source, started_at = settings.source, tables.run.started_at
    tables.watch(BRONZE_CUSTOMERS, CUSTOMERS, SNAPSHOTS)
    nothing_known = spark.createDataFrame([], SNAPSHOTS.schema)
    batch = plan_input(spark, source, settings.input, nothing_known)
    for note in batch.notes:
        tables.warn(note)
    where = f"source = '{source.name}'"
    loads = spark.createDataFrame(batch.rows(), BATCH_LOADS)
    raw = to_bronze(
        read_input(spark, batch, source), loads, source=source.name, loaded_at=started_at
    )
    tables.overwrite(BRONZE_CUSTOMERS, raw, where=where, part=source.name)

    bronze = tables.read(BRONZE_CUSTOMERS).where(where)
    names = choose_features(
        aggregate_columns(bronze, unknown=source.unknown).collect(), source=source
    )
    log.info("%s: numbers %s", source.name, ", ".join(names.numbers) or "none")
    log.info("%s: categories %s", source.name, ", ".join(names.categories) or "none")
    pieces = keep(aggregate_pieces(bronze))
    judged = keep(judge_customers(bronze, pieces, source=source, names=names))
    rejected = to_quarantine(judged, origin=BRONZE_CUSTOMERS)
    origin = f"origin = '{BRONZE_CUSTOMERS.name}' AND {where}"
    ledger = to_loads(
        judged, pieces, loads, source=source.name, run_id=tables.run.run_id, loaded_at=started_at
    )
    # Customers first: they are refused where another run of the source has come in between.
    tables.overwrite(CUSTOMERS, to_customers(judged), where=where, part=source.name)
    tables.overwrite(QUARANTINE, rejected, where=origin)
    tables.overwrite(SNAPSHOTS, ledger, where=where, part=source.name)
    tell_outcome(source, ledger, judged, tables)
    release(judged, pieces)


STEP = Step(
    name="ingest_customers",
    summary="a snapshot of customers in raw files -> their features, in place of the last one",
    settings=IngestCustomersSettings,
    reads=(),
    inputs=lambda settings: Inputs(files=settings.input),
    writes=(BRONZE_CUSTOMERS, QUARANTINE, CUSTOMERS, SNAPSHOTS),
    run=run,
    rows=estimates.ingested_customers,
)
