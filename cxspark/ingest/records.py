"""Raw records: the source's own columns, by name, as text."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError

RECORDS = ["file", "record", "malformed"]


def json_record(line: Column) -> Column:
    """A line's JSON object as a map of text, nested values as JSON; null where it is none.

    As an array's only element it can't be followed by anything else, which Spark would drop. Null
    too where a key comes twice.
    """
    objects = F.from_json(F.concat(F.lit("["), line, F.lit("]")), "array<map<string,string>>")
    only = F.get(objects, 0)  # null where there is none: a lone bracket
    keys = F.map_keys(only)
    is_one = (F.size(objects) == 1) & (F.size(F.array_distinct(keys)) == F.size(keys))
    return F.when(is_one, only)


def records_from_json(lines: DataFrame) -> DataFrame:
    """One row per line: file, record, malformed (the text of a line that is no JSON object)."""
    _require(lines, "file", "line")
    parsed = lines.select("file", "line", json_record(F.col("line")).alias("parsed"))
    return parsed.select(
        "file",
        _sorted(F.col("parsed")).alias("record"),
        F.when(F.col("parsed").isNull(), F.col("line")).alias("malformed"),
    )


def records_from_csv(rows: DataFrame, *, columns: Sequence[str]) -> DataFrame:
    """One row per CSV record: file, record, malformed (its text, where fields lack or abound).

    Args:
        rows: file, fields (texts, by place), malformed.
        columns: the fields' names, by place.
    """
    _require(rows, "file", "fields", "malformed")
    # Keys in order of name: the same record is the same map, whatever the order of its file.
    places = sorted(range(len(columns)), key=lambda place: columns[place])
    record = F.map_from_arrays(
        F.array(*[F.lit(columns[place]) for place in places]),
        F.array(*[F.col("fields")[place] for place in places]),
    )
    return rows.select(
        "file", F.when(F.col("malformed").isNull(), record).alias("record"), "malformed"
    )


def records_from_lines(
    lines: DataFrame, *, pattern: str, fields: Sequence[str], skip: str | None
) -> DataFrame:
    """One row per line: file, record, malformed (the text of a line that isn't as the pattern has).

    Args:
        lines: file, line.
        pattern: of a whole line, with a group for each field.
        fields: the groups' names, in order.
        skip: what is found in lines that are no records; they aren't in the result.
    """
    _require(lines, "file", "line")
    line, whole = F.col("line"), f"(?U)^(?:{pattern})$"  # letters of any alphabet, as in Python
    places = sorted(range(len(fields)), key=lambda place: fields[place])
    record = F.map_from_arrays(
        F.array(*[F.lit(fields[place]) for place in places]),
        F.array(*[F.regexp_extract(line, whole, place + 1) for place in places]),
    )
    is_record = F.lit(True) if skip is None else ~line.rlike(f"(?U){skip}")
    matches = line.rlike(whole)
    return lines.where(is_record).select(
        "file",
        F.when(matches, record).alias("record"),
        F.when(~matches, line).alias("malformed"),
    )


def to_bronze(
    records: DataFrame, loads: DataFrame, *, source: str, loaded_at: datetime
) -> DataFrame:
    """One row per raw record, as bronze.events has them.

    The position follows the order within each file: Spark cuts files in order into partitions.

    Args:
        records: file, record, malformed.
        loads: load_id and file of each file.
        source: its name.
        loaded_at: when the load began.

    Cost: no shuffle; the loads are broadcast.
    """
    _require(records, *RECORDS)
    placed = records.withColumn("position", F.monotonically_increasing_id())
    return placed.join(F.broadcast(loads.select("file", "load_id")), "file").select(
        F.lit(source).alias("source"),
        "load_id",
        "file",
        "position",
        "record",
        "malformed",
        F.lit(loaded_at).alias("loaded_at"),
    )


def _sorted(record: Column) -> Column:
    return F.map_from_entries(F.array_sort(F.map_entries(record)))


def _require(frame: DataFrame, *names: str) -> None:
    if not set(names) <= set(frame.columns):
        raise ContractError(
            "raw records",
            ", ".join(names),
            ", ".join(frame.columns),
            "use cxspark.runtime.raw_files",
        )
