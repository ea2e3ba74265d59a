"""What a run would do, told without doing it."""

import logging
from collections.abc import Sequence
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.settings import Settings
from cxspark.contracts.table import Table
from cxspark.runtime.estimate import PLACES, Estimate, check_memory
from cxspark.runtime.logs import logging_of
from cxspark.runtime.memory import memory_limits
from cxspark.runtime.outcome import Outcome, failure
from cxspark.runtime.raw_files import list_files
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.step import Inputs, Step
from cxspark.runtime.tables import Tables

log = logging.getLogger("cxspark")


class DryRun:
    """Looks at jobs in order; what an earlier one would write counts as there for a later one."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._made: set[str] = set()
        self._rows: dict[str, int] = {}

    def look_at(self, step: Step[Any], settings: Settings, tables: Tables) -> Outcome:
        """Tell what the job reads, what it would write, at most how much, and the memory it needs.

        It fails as the job would: where an input is missing, or memory is too little for inputs
        that are there. Rows that earlier jobs would write are not known, but for their most: then
        too little memory is a warning.
        """
        run = tables.run
        with logging_of(run):
            log.info("%s: %s", step.name, step.summary)
            try:
                guessed = self._read(step, settings, tables)
                sizes = Sizes(tables, self._rows)
                estimate = Estimate(
                    step.rows(settings, sizes) if step.rows else {},
                    step.needs(settings, sizes) if step.needs else (),
                )
                self._check(step, estimate, tables, is_guessed=guessed)
            except Exception as failed:
                error, exit_code = failure(failed)
                log.error("%s: %s", step.name, error)
                return Outcome(run, "failed", error=error, exit_code=exit_code)
            for table in step.writes:
                most = estimate.rows.get(table.name)
                told = "" if most is None else f", at most {most:,} rows"
                log.info("%s: would write %s%s", step.name, tables.location.address(table), told)
        self._made |= {table.name for table in step.writes}
        self._rows |= estimate.rows
        return Outcome(run, "dry run", inputs=tables.counted_inputs(), estimate=estimate)

    def _read(self, step: Step[Any], settings: Settings, tables: Tables) -> bool:
        """Pin the inputs that are there; whether others would be made before."""
        inputs = step.inputs(settings) if step.inputs else Inputs(step.reads, step.optional)
        if inputs.files:
            self._list(step, inputs.files)
        made = [one.name for one in (*inputs.required, *inputs.optional) if one.name in self._made]
        for name in made:
            log.info("%s: would read %s as just written", step.name, name)
        for table in inputs.required:
            if table.name not in made:
                self._pin(step, table, tables)
        for table in inputs.optional:
            if table.name not in made and tables.exists(table):
                self._pin(step, table, tables)
        return bool(made)

    def _pin(self, step: Step[Any], table: Table, tables: Tables) -> None:
        version, n_rows = tables.version(table), tables.n_rows(table)
        log.info("%s: reads %s@%s, %s rows", step.name, table.name, version, f"{n_rows:,}")

    def _list(self, step: Step[Any], paths: Sequence[str]) -> None:
        n_bytes = F.coalesce(F.sum("n_bytes"), F.lit(0)).alias("n_bytes")
        found = list_files(self._spark, paths).agg(F.count("*").alias("n_files"), n_bytes)
        (told,) = found.collect()
        counted = f"files {told['n_files']:,}, bytes {told['n_bytes']:,}"
        log.info("%s: reads %s: %s", step.name, ", ".join(paths), counted)

    def _check(
        self, step: Step[Any], estimate: Estimate, tables: Tables, *, is_guessed: bool
    ) -> None:
        limits = memory_limits(self._spark)
        for need in estimate.needs:
            limit = limits.get(need.place)
            there = f" of {limit.each(need.at_once):,.0f}" if limit else ""
            log.info(
                "%s: needs %s MiB%s in %s: %s",
                *(step.name, f"{need.megabytes:,.0f}", there, PLACES[need.place], need.what),
            )
        try:
            check_memory(step.name, estimate.needs, limits)
        except ConfigError as doomed:
            if not is_guessed:
                raise
            tables.warn(str(doomed))
