"""The suite's only reader of tables."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.util import inheritable_thread_target

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.table import Table
from cxspark.runtime.history import GONE, read_feed, read_history, table_exists
from cxspark.runtime.location import Location
from cxspark.runtime.run import Commit, Run, TableVersion

NO_TABLE = -1  # the version seen where there is none yet


class TableReader:
    """Delta tables at one location, as one run reads them.

    A table is read at one version for the whole run: the one that the run itself wrote last before
    it first asked, else the newest then.

    Args:
        spark: the session.
        location: where the tables live.
        run: the run's manifest; what is read is put there.
    """

    def __init__(self, spark: SparkSession, location: Location, run: Run) -> None:
        self.spark = spark
        self.location = location
        self.run = run
        self._newest: dict[str, Commit] = {}
        self._seen: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._counts: dict[tuple[str, int], Future[int]] = {}
        self._background = ThreadPoolExecutor(2, thread_name_prefix="cxspark-count")

    def exists(self, table: Table) -> bool:
        """Whether the table has been made."""
        if table.name in self.run.inputs:
            return True
        return table_exists(self.spark, self.location.address(table))

    def history(self, table: Table, *, limit: int | None) -> list[Commit]:
        """The newest commits, the latest first; none where there is no table."""
        return read_history(self.spark, self.location.address(table), limit=limit)

    def commits(self, table: Table, *, limit: int) -> list[Commit]:
        """The newest commits of the version this run reads, the latest first; none: no table.

        What follows from a commit must be told of the rows that the run reads: of `history`, the
        newest may be another run's, which has come in since.
        """
        version = self._version_or_none(table)
        if version is None:
            return []
        return [one for one in self.history(table, limit=limit) if one.version <= version]

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

    def identity(self, table: Table) -> str:
        """Delta's own name of the table, which is another once it has been made anew.

        Raises:
            ContractError: the table doesn't exist.
        """
        self.version(table)
        (detail,) = self.spark.sql(f"DESCRIBE DETAIL {self.location.address(table)}").collect()
        found: str = detail["id"]
        return found

    def kept(self, table: Table, version: int) -> int:
        """A version that has the rows of this one and can still be read.

        Delta reads none that is older than the table keeps replaced files, but the newest.

        Raises:
            ContractError: there is none: rows have been changed since.
        """
        address = self.location.address(table)
        try:
            _ = self.spark.sql(f"SELECT * FROM {address} VERSION AS OF {version}").schema
        except AnalysisException as error:
            if error.getCondition() not in GONE:
                raise
        else:
            return version
        since = [one for one in self.history(table, limit=100) if one.version > version]
        if not since or any(one.changes_rows for one in since):
            raise ContractError(
                table.name,
                f"version {version}, or one with the same rows",
                "that the table keeps it no longer, and rows have changed since",
                "run the job that wrote it again, and raise vacuum_hours of its table care",
            )
        return since[0].version

    def _version_or_none(self, table: Table) -> int | None:
        """The version this run reads, pinned when it is first asked for; None: there is none."""
        if table.name not in self.run.inputs and table.name in self._written:
            self.pin(table, self._written[table.name])
        elif table.name not in self.run.inputs:
            newest = self.history(table, limit=1)
            if not newest:
                self._seen.setdefault(table.name, NO_TABLE)
                return None
            self._newest[table.name] = newest[0]
            self.pin(table, newest[0].version)
        return self.run.inputs[table.name]

    def facts(self, table: Table) -> Mapping[str, Any]:
        """What was kept with the commit that the version this run reads got its rows by.

        Raises:
            ContractError: the table doesn't exist.
        """
        version, kept = self.version(table), self._newest.get(table.name)
        is_it = kept is not None and kept.version == version and kept.changes_rows
        commits = [kept] if is_it else self.commits(table, limit=100)
        commit = next((one for one in commits if one and one.changes_rows), None)
        return commit.facts if commit else {}

    def pin(self, table: Table, version: int) -> None:
        """Let the run read this version, whatever has been written since."""
        self._count(table, version)
        self._seen.setdefault(table.name, version)
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
            # The limit lets Spark know that there are none: what is joined to it isn't shuffled.
            return self.spark.createDataFrame([], table.schema).limit(0)
        return self.read(table)

    def read_changes(self, table: Table, *, since: int) -> DataFrame | None:
        """What was committed after version `since`, up to the version this run reads.

        Returns:
            The table's columns and Delta's ``_change_type``; no rows where nothing changed. None
            where Delta has the changes no longer: it gives none that are older than the table keeps
            files it has replaced, whether these have been deleted or not.

        Raises:
            ContractError: the table doesn't exist, or lacks a column of its contract.
        """
        version, now = self.version(table), self.read(table)
        columns = [*table.columns, "_change_type"]
        nothing = now.limit(0).withColumn("_change_type", F.lit("insert")).select(*columns)
        if since >= version:
            return nothing
        feed = partial(read_feed, self.spark, self.location.address(table), until=version)
        changes = feed(since + 1)
        if changes is None:
            # What changed no rows, as table care, may well be too old: nothing of it is missed.
            later = [one for one in self.commits(table, limit=100) if one.version > since]
            first = min((one.version for one in later if one.changes_rows), default=None)
            if len(later) == version - since:
                changes = nothing if first is None else feed(first)
        return None if changes is None else changes.select(*columns)

    def counted_inputs(self) -> list[TableVersion]:
        """The versions this run read, with their rows, which were counted when they were pinned.

        A version of long ago can't be read any more once there is a newer one, be it this run's.
        """
        pinned = sorted(self.run.inputs.items())
        return [TableVersion(*one, self._counts[one].result()) for one in pinned]

    def pinned_inputs(self, *, patience: float) -> list[TableVersion]:
        """The same where a run has failed: its versions, and -1 for rows that can't be told.

        Args:
            patience: seconds that counts may take.
        """
        pinned = {one: self._counts[one] for one in sorted(self.run.inputs.items())}
        done, _ = wait(pinned.values(), patience)
        return [
            TableVersion(*one, -1 if count not in done or count.exception() else count.result())
            for one, count in pinned.items()
        ]

    def _count(self, table: Table, version: int) -> Future[int]:
        """The rows of a version, counted once, and while the run goes on.

        Delta counts them from its log alone, by a few small queries.
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

    def _await_counts(self, table: Table) -> None:
        """Return when the table's rows are counted.

        What is asked of a version of long ago Delta answers no longer once there is a newer one.
        """
        wait([count for (name, _), count in self._counts.items() if name == table.name])
