"""A source's raw files, for every job that takes some in: the new ones, and what became of them."""

import logging
from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.ingest.batch import Batch, loads_where, plan_batch
from cxspark.ingest.files import ListedFile, by_format, look_up_files
from cxspark.ingest.outcome import aggregate_funnel, aggregate_reasons
from cxspark.ingest.profile import FileProfile, profile_files
from cxspark.ingest.records import records_from_csv, records_from_json, records_from_lines
from cxspark.ingest.source import RawSource
from cxspark.runtime import raw_files
from cxspark.runtime.tables import Tables

log = logging.getLogger("cxspark")


def plan_input(
    spark: SparkSession, source: RawSource, paths: Sequence[str], loads: DataFrame
) -> Batch:
    """Profile every file that isn't known as it is, and plan those with content that is new.

    Args:
        spark: the session.
        source: what its files look like.
        paths: files, folders and globs.
        loads: rows of ops.loads, which say what is known; none: every file is new.

    Raises:
        ContractError: a path leads nowhere, or a file can't be what the source says.
    """
    ledger = loads.where(F.col("source") == source.name)
    listed = look_up_files(raw_files.list_files(spark, paths), ledger)
    every = [ListedFile(**row.asDict()) for row in raw_files.collect_rows(listed)]
    files = by_format([one.file for one in every if not one.is_loaded], source=source)
    lines = raw_files.read_lines(spark, [*files["csv"], *files["lines"]])
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


def read_input(spark: SparkSession, batch: Batch, source: RawSource) -> DataFrame:
    """The batch's raw records (file, record, malformed), layout by layout."""
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
    if source.lines is not None:
        lines = raw_files.read_lines(spark, batch.files("lines"))
        frames.append(records_from_lines(lines, **source.lines.model_dump()))
    return reduce(DataFrame.unionByName, frames, records_from_json(objects))


def tell_outcome(source: RawSource, ledger: DataFrame, judged: DataFrame, tables: Tables) -> None:
    """How many records were accepted; a warning of those that weren't, with the main reasons.

    Args:
        source: whose records.
        ledger: the batch's rows of the ledger (``outcome.to_loads``).
        judged: the batch's records, kept.
        tables: where the warning goes.
    """
    (total,) = aggregate_funnel(ledger).collect()
    log.info("%s: %s", source.name, total["funnel"])
    if total["n_quarantined"]:
        reasons = ", ".join(
            f"{row['reason']} {row['n_records']:,}"
            for row in aggregate_reasons(judged).limit(3).collect()
        )
        tables.warn(
            f"{source.name}: {total['n_quarantined']:,} records are in silver.quarantine, above "
            f"all for {reasons}; docs/ingest.md says what to do"
        )
