"""A table's contract: its name, grain, schema, key and constraints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql.types import DataType, StructField, StructType


def column(name: str, kind: DataType, comment: str, *, nullable: bool = False) -> StructField:
    """A column with its meaning and unit as the comment; NOT NULL unless said otherwise."""
    return StructField(name, kind, nullable, {"comment": comment})


@dataclass(frozen=True)
class Table:
    """One table of the suite, by path ``root/layer/name`` or by catalogue name.

    Attributes:
        name: ``layer.name``, e.g. ``gold.user_item``.
        grain: what one row is.
        schema: the columns, their comments and which may be null.
        key: the columns that are unique together; empty for a log of attempts.
        checks: Delta CHECK constraints, name -> SQL.
        change_feed: whether readers may ask for what changed since a version.
        partition_by: columns whose values keep their rows in files of their own, so that runs may
            replace one value's rows while others replace another's.
        deletion_vectors: whether single rows are replaced without rewriting their files.
        fed_by: the tables whose change feed brings it up to date; table care keeps the changes that
            it hasn't taken in yet.
    """

    name: str
    grain: str
    schema: StructType
    key: Sequence[str]
    checks: Mapping[str, str] = field(default_factory=dict)
    change_feed: bool = False
    partition_by: Sequence[str] = ()
    deletion_vectors: bool = False
    fed_by: Sequence[str] = ()

    @property
    def columns(self) -> list[str]:
        """The column names, in order."""
        return self.schema.names
