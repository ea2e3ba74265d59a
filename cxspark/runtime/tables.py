"""The suite's only writer of tables, which reads them too."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.util import inheritable_thread_target

from cxspark.contracts.checks import conform
from cxspark.contracts.keeping import keep, release
from cxspark.contracts.table import Table
from cxspark.runtime.conflicts import came_after_care, conflict, is_conflict, unchanged_since
from cxspark.runtime.ddl import create_statement
from cxspark.runtime.location import Location
from cxspark.runtime.reader import NO_TABLE, TableReader
from cxspark.runtime.run import Run, TableVersion
from cxspark.runtime.violations import explained

log = logging.getLogger("cxspark")


class Tables(TableReader):
    """Delta tables at one location, as one run reads and writes them.

    Each commit carries the run's id, settings hash and input versions, so that the next run can
    tell from a table what it was made of. Everything is SQL or DataFrames: Spark Connect will do.

    What replaces rows of a table that the run has read, or found missing, is refused where another
    run has changed rows since: it would be made of what isn't there any more. Of runs of the suite
    that have seen the same rows Delta lets one commit. Of other writers' commits those are missed
    that come between the last look at the table's history and Delta's own: some milliseconds.
    """

    def __init__(self, spark: SparkSession, location: Location, run: Run) -> None:
        super().__init__(spark, location, run)
        self._made: set[str] = set()

    def overwrite(
        self,
        table: Table,
        frame: DataFrame,
        *,
        where: str | None = None,
        part: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace the table, or the rows that meet `where`, in one commit.

        Run again with the same frame it leaves the same rows: nothing twice, nothing left behind.

        Args:
            table: what is written.
            frame: its columns, no others.
            where: SQL over the table's columns; every row of the frame must meet it.
            part: of the table, on which the frame depends and in which its rows are: the name of a
                source, say. Runs of other parts don't stand in its way.
            facts: kept with the commit, for the next run to read in `history`.

        Raises:
            ContractError: the frame isn't what the contract declares, or breaks a constraint.
            ConflictError: another run has changed rows since this one read the table.
        """
        frame = conform(frame, table)
        self.create(table)
        condition = F.lit(True) if where is None else F.expr(where)
        writer = frame.writeTo(self.location.address(table)).options(
            **self._noted(table, facts, part)
        )
        self._commit(table, partial(writer.overwrite, condition))
        self._record(table, facts)

    def watch(self, *tables: Table) -> None:
        """From now on, write nothing over rows of these that another run has changed.

        As for tables that the run reads; for those that it replaces without having read them, so
        that of two runs at once one doesn't leave half of its tables beside half of the other's.
        """
        self.side_by_side(*(partial(self._see, table) for table in tables))

    def _see(self, table: Table) -> None:
        newest = self.history(table, limit=1)
        self._seen.setdefault(table.name, newest[0].version if newest else NO_TABLE)

    def append(self, table: Table, frame: DataFrame) -> None:
        """Add rows in one commit; not idempotent, so only for a log of attempts."""
        frame = conform(frame, table)
        self.create(table)
        self._await_counts(table)
        self._commit(table, frame.writeTo(self.location.address(table)).append)

    def merge(
        self, table: Table, frame: DataFrame, *, facts: Mapping[str, Any] | None = None
    ) -> None:
        """Replace the rows whose key the frame has and add its others, in one commit.

        Nothing is committed where the frame has no rows and the table exists.

        Args:
            table: what is written, one with deletion vectors; rows are matched on its key.
            frame: one row per key, with the table's columns.
            facts: kept with the commit, for the next run to read in `history`.

        Raises:
            ContractError: the frame isn't what the contract declares, or breaks a constraint.
            ConflictError: another run has changed rows since this one read the table.

        Cost: one pass over the table's keys; a fifth of what SQL's MERGE takes, which shuffles the
        whole table to find out what to insert.
        """
        if not self.exists(table):
            self.overwrite(table, frame, facts=facts)
            return
        # Delta looks at the rows twice, and joins well only where it knows how few they are.
        frame = keep(conform(frame, table))
        if frame.count():
            writer = frame.write.format("delta").mode("overwrite")
            writer = writer.option("replaceUsing", ", ".join(table.key))
            writer = writer.options(**self._noted(table, facts))
            self._commit(table, partial(writer.saveAsTable, self.location.address(table)))
            self._record(table, facts)
        release(frame)

    def side_by_side(self, *work: Callable[[], object]) -> None:
        """Do several things at once, each in a thread.

        Making a table, planning a write and committing it leave the cores idle for a second or two.

        Args:
            work: calls that need no order, as `overwrite` or `merge` of different tables.

        Raises:
            Exception: of the first of them that failed, when all have ended.
        """
        thread = inheritable_thread_target(self.spark)
        with ThreadPoolExecutor(len(work)) as pool:
            for one in [pool.submit(thread(call)) for call in work]:
                one.result()

    def warn(self, message: str) -> None:
        """Keep something a person should look at in the run's record."""
        self.run.warnings.append(message)

    def create(self, table: Table) -> None:
        """Make the table, empty, where there is none; `overwrite`, `merge` and `append` do so too.

        A step may call it while something else is computed: it is half a second of waiting.
        """
        if table.name in self._made:
            return
        if self.exists(table):
            self._made.add(table.name)
            return
        database = self.location.database and self.location.namespace()
        # Asked for before: to make one takes a right that not everybody has.
        if database and not self.spark.catalog.databaseExists(database):
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {database}")
        try:
            self.spark.sql(create_statement(table, self.location.address(table)))
        except Exception:  # its class differs between classic Spark and Connect
            if not self._is_being_made(table):
                raise
        self._made.add(table.name)

    def _is_being_made(self, table: Table) -> bool:
        """Whether another run has made the table in this moment; Delta's folder is there first."""
        for _ in range(20):
            if self.exists(table):
                return True
            time.sleep(0.1)
        return False

    def _noted(
        self, table: Table, facts: Mapping[str, Any] | None, part: str = ""
    ) -> dict[str, str]:
        """A write's options: the run's note, and what binds it to the rows that the run has seen.

        Delta commits a `txnVersion` of a `txnAppId` once: neither a lower one nor the same again.

        Raises:
            ConflictError: another run has changed rows since.
        """
        self._await_counts(table)
        note = {"userMetadata": json.dumps(self.run.commit_note(facts or {}, part=part))}
        if table.name not in self._seen:
            return note
        newest = self.history(table, limit=100)
        version = unchanged_since(self._seen[table.name], table, newest, part=part)
        return {**note, "txnAppId": f"cxspark {part}", "txnVersion": str(version + 1)}

    def _commit(self, table: Table, write: Callable[[], None]) -> None:
        """Write; once more where nothing but table care got in between."""
        with explained(table):
            try:
                write()
            except Exception as error:  # its class differs between classic Spark and Connect
                if not (
                    is_conflict(error) and came_after_care(error, self.history(table, limit=20))
                ):
                    raise
                log.info("%s: table care was at work, written again", table.name)
                write()

    def _record(self, table: Table, facts: Mapping[str, Any] | None) -> None:
        """Put the run's own commit into the manifest (another run's may have come after it).

        Raises:
            ConflictError: Delta left it out, because another run had just committed.
        """
        ours = (one for one in self.history(table, limit=10) if one.is_of(self.run))
        commit, seen = next(ours, None), self._seen.get(table.name)
        if seen is not None:
            if commit is None or commit.version <= seen:
                raise conflict(table, f"another's commit, after version {seen} was read")
            self._seen[table.name] = commit.version
        self.run.facts[table.name] = facts or {}
        if commit is not None:
            self._written[table.name] = commit.version
            written = TableVersion(table.name, commit.version, commit.n_rows)
            self.run.outputs.append(written)
            log.info("%s: wrote %s, %s rows", self.run.job, table.name, f"{written.n_rows:,}")
