"""Settings of table care: a policy for all tables, and what differs for some."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator
from pyspark.sql.types import ArrayType, BinaryType, BooleanType, MapType, StructType

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.settings import Settings
from cxspark.contracts.table import Table

# What Delta holds to be safe: no reader or writer takes longer than a week.
SAFE_HOURS = 168
_NOT_ORDERED = (ArrayType, BinaryType, BooleanType, MapType, StructType)


class Policy(Settings):
    """The care of one table."""

    optimize: bool = Field(True, description="merge small files (OPTIMIZE)")
    small_file_mb: float = Field(
        32, gt=0, le=1024, description="MiB; a file below this is small, and is merged with others"
    )
    target_file_mb: float = Field(256, gt=0, le=4096, description="MiB; size of merged files")
    min_small_files: int = Field(
        16, ge=2, description="from so many small files on, of partitions with several, merge them"
    )
    cluster_by: tuple[str, ...] | None = Field(
        None,
        max_length=4,
        description="columns whose near values lie together (liquid clustering); "
        "null: leave it as it is, []: no longer",
    )
    vacuum_hours: int | None = Field(
        SAFE_HOURS,
        ge=1,
        description="hours that replaced files are kept, and former versions can be read, "
        "before VACUUM deletes them; null: files are never deleted, and versions can be read for "
        "as long as the table says already (Delta's week)",
    )
    allow_short_retention: bool = Field(
        False, description=f"allow vacuum_hours below the {SAFE_HOURS} that are safe"
    )
    log_days: int = Field(30, ge=1, description="days that the table's history is kept")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.small_file_mb > self.target_file_mb:
            raise ValueError("target_file_mb must be at least small_file_mb")
        if self.vacuum_hours is None:
            return self
        if self.vacuum_hours < SAFE_HOURS and not self.allow_short_retention:
            raise ValueError(
                f"vacuum_hours: {self.vacuum_hours} is less than {SAFE_HOURS}: files that a job "
                "reads or has just written may be deleted; if no job takes that long, set "
                "allow_short_retention: true beside it"
            )
        if self.vacuum_hours > self.log_days * 24:
            raise ValueError("log_days must cover vacuum_hours: no version is read without the log")
        return self


class CareTablesSettings(Settings):
    """Settings of care_tables."""

    default: Policy = Field(Policy(), description="the policy of every table")
    tables: dict[str, Policy] = Field({}, description="layer.name -> what differs from the default")
    apply: bool = Field(True, description="false: measure and say what would be done")

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, given: Any) -> Any:
        """What a table's policy doesn't say, the default says."""
        default, tables = (given.get(key) or {} for key in ("default", "tables"))
        if not all(isinstance(one, Mapping) for one in (default, tables, *tables.values())):
            return given
        return {**given, "tables": {name: {**default, **own} for name, own in tables.items()}}

    @field_validator("default")
    @classmethod
    def _of_no_table(cls, default: Policy) -> Policy:
        if default.cluster_by:
            raise ValueError("cluster_by names columns of one table: put it below tables")
        return default

    @field_validator("tables")
    @classmethod
    def _known(cls, tables: dict[str, Policy]) -> dict[str, Policy]:
        unknown = sorted(set(tables) - set(TABLES))
        if unknown:
            raise ValueError(f"no table {', '.join(unknown)}; there are {', '.join(TABLES)}")
        for name, policy in tables.items():
            _check_clustering(TABLES[name], policy.cluster_by or ())
        return tables

    def policy(self, table: Table) -> Policy:
        """The table's own, or the default."""
        return self.tables.get(table.name, self.default)


def _check_clustering(table: Table, columns: tuple[str, ...]) -> None:
    """Raise a ValueError where Delta couldn't cluster by the columns."""
    if columns and table.partition_by:
        raise ValueError(
            f"{table.name} is partitioned by {', '.join(table.partition_by)}, and Delta doesn't "
            "cluster partitioned tables; runs replace its partitions whole: drop cluster_by"
        )
    fields = {field.name: field.dataType for field in table.schema.fields}
    can = [name for name, kind in fields.items() if not isinstance(kind, _NOT_ORDERED)]
    wrong = [name for name in columns if name not in can]
    if wrong:
        raise ValueError(
            f"{table.name} can't be clustered by {', '.join(wrong)}; it can by {', '.join(can)}"
        )
