"""Judged records as the rows of silver, quarantine and the ledger of loads."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.events import LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.contracts.table import Table
from cxspark.ingest.duplicates import ACCEPTED, DUPLICATE, QUARANTINED


def to_silver(judged: DataFrame) -> DataFrame:
    """One row per accepted record, as silver.events has them."""
    return judged.where(F.col("outcome") == ACCEPTED).select(*SILVER_EVENTS.columns)


def to_quarantine(judged: DataFrame, *, origin: Table) -> DataFrame:
    """One row per rejected record of a bronze table, as silver.quarantine has them."""
    rejected = judged.where(F.col("outcome") == QUARANTINED)
    return rejected.withColumn("origin", F.lit(origin.name)).select(*QUARANTINE.columns)


def to_loads(
    judged: DataFrame,
    pieces: DataFrame,
    loads: DataFrame,
    *,
    source: str,
    run_id: str,
    loaded_at: datetime,
) -> DataFrame:
    """One row per file of the batch, as ops.loads has them; zeros where it has no records.

    ``n_records`` isn't the sum of the others: it was counted in the raw file, or in bronze where a
    record may go over several lines. The table's constraint holds them to add up.

    Args:
        judged: see `duplicates.judge`.
        pieces: see `duplicates.aggregate_pieces`.
        loads: load_id, file and n_records of each file.
        source: its name.
        run_id: the run's.
        loaded_at: when the load began.
    """
    outcomes = judged.groupBy("load_id").agg(
        *[F.count_if(F.col("outcome") == outcome).alias(name) for name, outcome in _COUNTED.items()]
    )
    in_bronze = pieces.groupBy("load_id").agg(F.sum("n_records").alias("n_in_bronze"))
    joined = loads.join(in_bronze, "load_id", "left").join(outcomes, "load_id", "left")
    zero = F.lit(0).cast("bigint")
    return joined.withColumns(
        {
            "source": F.lit(source),
            "n_records": F.coalesce("n_records", "n_in_bronze", zero),
            **{name: F.coalesce(name, zero) for name in _COUNTED},
            "run_id": F.lit(run_id),
            "loaded_at": F.lit(loaded_at),
        }
    ).select(*LOADS.columns)


def aggregate_funnel(ledger: DataFrame) -> DataFrame:
    """One row: n_quarantined, and `funnel`: records = accepted + duplicates + quarantined."""
    totals = ledger.agg(
        *[F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in ("n_records", *_COUNTED)]
    )
    sentence = F.format_string(
        "%,d records = %,d accepted + %,d duplicates + %,d quarantined", "n_records", *_COUNTED
    )
    return totals.select("n_quarantined", sentence.alias("funnel"))


def aggregate_reasons(judged: DataFrame) -> DataFrame:
    """The reasons of rejected records, each with n_records that have it; the most frequent first.

    Args:
        judged: see `duplicates.judge`.
    """
    rejected = judged.where(F.col("outcome") == QUARANTINED)
    each = rejected.select(F.explode("reasons").alias("reason"))
    return (
        each.groupBy("reason")
        .agg(F.count(F.lit(1)).alias("n_records"))
        .orderBy(F.desc("n_records"), "reason")
    )


_COUNTED = {"n_accepted": ACCEPTED, "n_duplicates": DUPLICATE, "n_quarantined": QUARANTINED}
