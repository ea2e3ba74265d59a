"""A run that another one overtakes."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from pyspark.sql import DataFrame

from cxspark.contracts.table import Table
from cxspark.runtime.tables import Tables


class Overtaken(Tables):
    """A run's tables; another run comes and goes before this one replaces rows.

    Args:
        tables: the run's.
        meanwhile: the other run.
        before: the table which this run is about to replace then; by default the first.
    """

    def __init__(
        self, tables: Tables, meanwhile: Callable[[], object], *, before: Table | None = None
    ) -> None:
        super().__init__(tables.spark, tables.location, tables.run)
        self._meanwhile: Callable[[], object] | None = meanwhile
        self._before = before
        self._lock = Lock()

    def overwrite(self, table: Table, frame: DataFrame, **options: Any) -> None:
        with self._lock:  # tables are written side by side
            if self._meanwhile and (self._before is None or self._before is table):
                self._meanwhile()
                self._meanwhile = None
        super().overwrite(table, frame, **options)
