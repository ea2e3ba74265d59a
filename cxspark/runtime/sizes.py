"""How much there is of what a job reads, told without reading it."""

from collections.abc import Mapping, Sequence

from pyspark.sql import functions as F

from cxspark.contracts.table import Table
from cxspark.runtime.raw_files import list_files, read_lines
from cxspark.runtime.tables import Tables

# What gzip makes of logs of events; a line where a file has none.
_PACKED, _LINE_BYTES, _SAMPLE = 6, 100, 1000
_PACKERS = (".gz", ".bz2", ".zst")


class Sizes:
    """Rows of tables and records of raw files.

    Args:
        tables: as a run sees them; to ask for rows pins none.
        expected: table -> rows that an earlier job of a dry run may write, which count as there.
    """

    def __init__(self, tables: Tables, expected: Mapping[str, int] | None = None) -> None:
        self.tables = tables
        self._expected = expected or {}

    def rows(self, table: Table) -> int:
        """Of the table's newest version, from Delta's log; 0 where there is none."""
        return self._expected.get(table.name, 0) or self.tables.n_rows(table)

    def records(self, paths: Sequence[str]) -> int:
        """About how many lines raw files have: their bytes by the mean of some first lines.

        Raises:
            ContractError: a path leads nowhere.
        """
        spark = self.tables.spark
        files = list_files(spark, paths).select("file", "n_bytes").collect()
        plain = [one for one in files if not one["file"].endswith(_PACKERS)]
        sample = max(plain or files, key=lambda one: one["n_bytes"], default=None)
        if sample is None:
            return 0
        lines = read_lines(spark, [sample["file"]]).limit(_SAMPLE)
        (found,) = lines.agg(F.avg(F.octet_length("line") + 1).alias("mean")).collect()
        n_bytes = sum(one["n_bytes"] * (1 if one in plain else _PACKED) for one in files)
        return int(n_bytes / (found["mean"] or _LINE_BYTES))
