"""Checks that a frame is what it should be, without casting anything in silence."""

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql.types import (
    ArrayType,
    DataType,
    MapType,
    StructField,
    StructType,
)

from cxspark.contracts.errors import ContractError
from cxspark.contracts.table import Table


def require_columns(
    frame: DataFrame, table: Table, columns: Iterable[str] | None = None
) -> DataFrame:
    """The frame itself, if it has the table's columns (or those named), with the declared types.

    Nullability isn't compared (Spark loses it in most transforms; Delta holds it at the write), and
    further columns are let through. Nothing is cast. No action is run.

    Args:
        frame: what is checked.
        table: whose contract it is.
        columns: the columns needed; all of the table's by default.

    Raises:
        ContractError: a column is missing or of another type; every one is named.
    """
    problems = _problems(frame.schema, table.schema, table.columns if columns is None else columns)
    if problems:
        raise ContractError(
            table.name,
            "; ".join(wanted for wanted, _ in problems),
            "; ".join(found for _, found in problems),
            "rebuild it with the job that writes it, or map the source's columns in conf",
        )
    return frame


def conform(frame: DataFrame, table: Table) -> DataFrame:
    """The frame with exactly the table's columns, in its order, ready to be written.

    Raises:
        ContractError: a column is missing, is of another type, or isn't in the contract.
    """
    require_columns(frame, table)
    extra = [name for name in frame.columns if name not in table.columns]
    if extra:
        raise ContractError(
            table.name,
            f"only the columns {', '.join(table.columns)}",
            f"also {', '.join(extra)}",
            "drop them, or declare them in cxspark/contracts",
        )
    return frame.select(*table.columns)


def _problems(
    found: StructType, wanted: StructType, columns: Iterable[str]
) -> list[tuple[str, str]]:
    have: dict[str, StructField] = {field.name: field for field in found.fields}
    problems = []
    for name in columns:
        kind = wanted[name].dataType
        if name not in have:
            problems.append((f"a column {name} {kind.simpleString()}", f"no {name}"))
        elif _bare(have[name].dataType) != _bare(kind):
            other = have[name].dataType.simpleString()
            problems.append((f"{name} as {kind.simpleString()}", f"{name} as {other}"))
    return problems


def _bare(kind: DataType) -> DataType:
    """The type without nullability and comments, at any depth."""
    if isinstance(kind, ArrayType):
        return ArrayType(_bare(kind.elementType), True)
    if isinstance(kind, MapType):
        return MapType(_bare(kind.keyType), _bare(kind.valueType), True)
    if isinstance(kind, StructType):
        return StructType([StructField(f.name, _bare(f.dataType), True) for f in kind.fields])
    return kind
