"""The suite's only reader and writer of tables."""

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.util import inheritable_thread_target

from cxspark.contracts.checks import conform, require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.table import Table
from cxspark.runtime.conflicts import came_after_care, is_conflict
from cxspark.runtime.ddl import create_statement
from cxspark.runtime.history import GONE, read_history
from cxspark.runtime.location import Location
from cxspark.runtime.run import Commit, Run, TableVersion
from cxspark.runtime.violations import explained

log = logging.getLogger("cxspark")


class Tables:
    """Delta tables at one location, as one run sees them.

    A table is read at one version for the whole run, the newest when it is first asked for. Each
    commit carries the run's id, settings hash and input versions, so that the next run can tell
    from a table what it was made of. Everything is SQL or DataFrames: Spark Connect will do.

    Args:
        spark: the session.
        location: where the tables live.
        run: the run's manifest, filled in here.
    """

    def __init__(self, spark: SparkSession, location: Location, run: Run) -> None:
        self.spark = spark
        self.location = location
        self.run = run
        self._made: set[str] = set()
        self._counts: dict[tuple[str, int], Future[int]] = {}
        self._background = ThreadPoolExecutor(2, thread_name_prefix="cxspark-count")

    def exists(self, table: Table) -> bool:
        """Whether the table has been made."""
        return table.name in self.run.inputs or bool(self.history(table, limit=1))

    def history(self, table: Table, *, limit: int | None) -> list[Commit]:
        """The newest commits, the latest first; none where there is no table."""
        return read_history(self.spark, self.location.address(table), limit=limit)

    def version(self, table: Table) -> int:
        """The version this run reads.

        Raises:
            ContractError: the table doesn't exist.
        """
        version = self._version_or_none(table)
        if version is None:
            raise ContractError(
                table.name,
                "a Delta table",
                f"none at {self.location.address(table)}",
                "run the job that writes it first: `cxspark jobs` tells which",
            )
        return version

    def _version_or_none(self, table: Table) -> int | None:
        """The version this run reads, pinned when it is first asked for; None: there is none."""
        if table.name not in self.run.inputs:
            newest = self.history(table, limit=1)
            if not newest:
                return None
            self.pin(table, newest[0].version)
        return self.run.inputs[table.name]

    def pin(self, table: Table, version: int) -> None:
        """Let the run read this version, whatever has been written since."""
        self._count(table, version)
        self.run.inputs[table.name] = version

    def n_rows(self, table: Table) -> int:
        """Rows of the version that the run reads, or would; 0 where there is no table.

        It doesn't bind the run to the version.
        """
        if table.name in self.run.inputs:
            return self._count(table, self.run.inputs[table.name]).result()
        newest = self.history(table, limit=1)
        return self._count(table, newest[0].version).result() if newest else 0

    def read(self, table: Table, *, version: int | None = None) -> DataFrame:
        """The table, at the version this run has pinned, or at another that `history` tells of.

        Raises:
            ContractError: the table doesn't exist, or lacks a column of its contract.
        """
        address = self.location.address(table)
        version = self.version(table) if version is None else version
        frame = self.spark.sql(f"SELECT * FROM {address} VERSION AS OF {version}")
        return require_columns(frame, table).select(*table.columns)

    def read_or_empty(self, table: Table) -> DataFrame:
        """The table, or no rows of its schema where it hasn't been made yet."""
        if self._version_or_none(table) is None:
            return self.spark.createDataFrame([], table.schema)
        return self.read(table)

    def read_changes(self, table: Table, *, since: int) -> DataFrame | None:
        """What was committed after version `since`, up to the version this run reads.

        Returns:
            The table's columns and Delta's ``_change_type``; no rows where nothing changed. None
            where Delta has the changes no longer: it gives none that are older than the table keeps
            files it has replaced, whether these have been deleted or not.
        """
        version = self.version(table)
        columns = [*table.columns, "_change_type"]
        if since >= version:
            empty = self.read(table).limit(0)
            return empty.withColumn("_change_type", F.lit("insert")).select(*columns)
        reader = self.spark.read.option("readChangeFeed", "true")
        reader = reader.option("startingVersion", since + 1).option("endingVersion", version)
        try:
            changes = reader.table(self.location.address(table)).select(*columns)
            _ = changes.schema  # Spark Connect looks at nothing before it's asked
        except AnalysisException as error:
            if error.getCondition() in GONE:
                return None
            raise
        return changes

    def overwrite(
        self,
        table: Table,
        frame: DataFrame,
        *,
        where: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace the table, or the rows that meet `where`, in one commit.

        Run again with the same frame it leaves the same rows: nothing twice, nothing left behind.

        Args:
            table: what is written.
            frame: its columns, no others.
            where: SQL over the table's columns; every row of the frame must meet it.
            facts: kept with the commit, for the next run to read in `history`.

        Raises:
            ContractError: the frame isn't what the contract declares, or breaks a constraint.
        """
        frame = conform(frame, table)
        self.create(table)
        condition = F.lit(True) if where is None else F.expr(where)
        writer = frame.writeTo(self.location.address(table))
        writer = writer.option("userMetadata", json.dumps(self.run.commit_note(facts or {})))
        self._commit(table, partial(writer.overwrite, condition))
        self._record(table, facts)

    def append(self, table: Table, frame: DataFrame) -> None:
        """Add rows in one commit; not idempotent, so only for a log of attempts."""
        frame = conform(frame, table)
        self.create(table)
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

        Cost: one pass over the table's keys; a fifth of what SQL's MERGE takes, which shuffles the
        whole table to find out what to insert.
        """
        if not self.exists(table):
            self.overwrite(table, frame, facts=facts)
            return
        # Delta looks at the rows twice, and joins well only where it knows how few they are.
        frame = conform(frame, table).persist()
        if frame.count():
            writer = frame.write.format("delta").mode("overwrite")
            writer = writer.option("userMetadata", json.dumps(self.run.commit_note(facts or {})))
            writer = writer.option("replaceUsing", ", ".join(table.key))
            self._commit(table, partial(writer.saveAsTable, self.location.address(table)))
            self._record(table, facts)
        frame.unpersist()

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

    def counted_inputs(self) -> list[TableVersion]:
        """The versions this run read, with their rows, which were counted when they were pinned.

        A version of long ago can't be read any more once there is a newer one, be it this run's.
        """
        pinned = sorted(self.run.inputs.items())
        return [TableVersion(*one, self._counts[one].result()) for one in pinned]

    def _count(self, table: Table, version: int) -> Future[int]:
        """The rows of a version, counted once, and while the run goes on.

        Delta counts them from its log alone, by small queries that keep no core busy.
        """
        which = (table.name, version)
        if which not in self._counts:
            address = self.location.address(table)

            def count() -> int:
                query = f"SELECT count(*) AS n FROM {address} VERSION AS OF {version}"
                return int(self.spark.sql(query).collect()[0]["n"])

            thread = inheritable_thread_target(self.spark)
            self._counts[which] = self._background.submit(thread(count))
        return self._counts[which]

    def create(self, table: Table) -> None:
        """Make the table, empty, where there is none; `overwrite`, `merge` and `append` do so too.

        A step may call it while something else is computed: it is half a second of waiting.
        """
        if table.name in self._made:
            return
        if self.exists(table):
            self._made.add(table.name)
            return
        if self.location.database is not None:
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {self.location.namespace()}")
        self.spark.sql(create_statement(table, self.location.address(table)))
        self._made.add(table.name)

    def _commit(self, table: Table, write: Callable[[], None]) -> None:
        """Write; once more where nothing but table care got in between."""
        # What is asked of a version of long ago Delta answers no longer once there is a newer one.
        wait([count for (name, _), count in self._counts.items() if name == table.name])
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
        """Put the run's own commit into the manifest (another run's may have come after it)."""
        self.run.facts[table.name] = facts or {}
        for commit in self.history(table, limit=10):
            if (commit.job, commit.run_id) == (self.run.job, self.run.run_id):
                written = TableVersion(table.name, commit.version, commit.n_rows)
                self.run.outputs.append(written)
                log.info("%s: wrote %s, %s rows", self.run.job, table.name, f"{written.n_rows:,}")
                return
