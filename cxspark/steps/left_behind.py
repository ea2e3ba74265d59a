"""Files that an earlier run of ingest_events began to take in, and didn't end with."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.events import BRONZE_EVENTS, LOADS
from cxspark.contracts.table import Table
from cxspark.ingest.source import RawSource
from cxspark.runtime.tables import Tables

# Commits looked at: of a source those of some days, whatever other sources do.
_COMMITS = 50


def tell_left_behind(ledger: DataFrame, source: RawSource, tables: Tables) -> None:
    """Warn of files that a killed run left in part, and that this one wasn't given.

    Their events may be in silver already; what was rejected of them isn't in quarantine yet, and
    the ledger doesn't have them.

    Args:
        ledger: ops.loads as it was before.
        source: whose files.
        tables: where the warning goes.

    Cost: two looks at histories. Of bronze those files are read that a run wrote which didn't end.
    """
    begun, ended = (_attempts(one, source, tables) for one in (BRONZE_EVENTS, LOADS))
    if begun <= ended:
        return
    began = [datetime.fromisoformat(at) for _, at in begun - ended]
    ours = F.col("source") == source.name
    left = (
        tables.read(BRONZE_EVENTS)
        .where(ours & F.col("loaded_at").isin(began))
        .select("load_id", "loaded_at", "file")
        .distinct()
        # One that is loaded anew is there, but of an earlier load.
        .join(ledger.where(ours), ["load_id", "loaded_at"], "left_anti")
        .orderBy("file")
    )
    files = [row["file"] for row in left.limit(4).collect()]
    if files:
        others = ", and others" if len(files) > 3 else ""
        tables.warn(
            f"{source.name}: a run that hasn't ended began to take in {', '.join(files[:3])}"
            f"{others}: if it was killed, run ingest_events again with the same input (and reload, "
            "if it had that)"
        )


def _attempts(table: Table, source: RawSource, tables: Tables) -> set[tuple[str, str]]:
    """The attempts of the job that have written this source's rows, but for this one."""
    return {
        (one.run_id, one.started_at)
        for one in tables.history(table, limit=_COMMITS)
        if one.job == tables.run.job and one.part == source.name and not one.is_of(tables.run)
    }
