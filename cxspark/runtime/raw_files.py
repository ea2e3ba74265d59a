"""The suite's only reader of raw files: as lines, and as the fields of CSV."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from urllib.parse import unquote

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, DataFrameReader, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from cxspark.contracts.errors import ContractError

_MALFORMED = "malformed"
_STAMP = (
    "_metadata.file_path AS file",
    "_metadata.file_size AS n_bytes",
    "_metadata.file_modification_time AS modified_at",
)
_UNREADABLE = re.compile(
    r"\[(FAILED_READ_FILE|PARQUET_TYPE_ILLEGAL|CANNOT_MERGE_SCHEMAS|FAILED_MERGE)[^\]]*\].*"
)


def list_files(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """One row per file there: file, n_bytes, modified_at; nothing is read of it.

    Files without a byte and names that start with ``_`` or ``.`` don't count.

    Args:
        spark: the session.
        paths: files, folders (with all below them) and globs.

    Raises:
        ContractError: a path leads nowhere. An empty folder is no error.
    """
    found: list[DataFrame] = []
    for path in paths:
        try:
            files = _reader(spark).format("binaryFile").load(path).selectExpr(*_STAMP)
            _ = files.schema  # Spark Connect looks at nothing before it's asked
        except AnalysisException as error:
            if error.getCondition() != "PATH_NOT_FOUND":
                raise
            raise ContractError(
                path,
                "a file, a folder or a glob that matches some",
                "nothing there",
                "correct `input`; a relative path starts where the job was started",
            ) from error
        found.append(files)
    return reduce(DataFrame.unionAll, found).distinct()


def read_lines(spark: SparkSession, files: Sequence[str]) -> DataFrame:
    """One row per line that isn't blank: file, line (bytes, not decoded, without UTF-8's mark)."""
    if not files:
        # Known to be empty when planned, so that nothing is run for it.
        return spark.sql("SELECT '' AS file, '' AS line WHERE false")
    lines = _reader(spark).text(_paths(files)).select(_file(), F.col("value").alias("line"))
    # What Spark's CSV reader takes for blank: nothing but control characters and spaces.
    return lines.where(F.col("line").rlike(r"[^\x00-\x20]"))


def read_objects(spark: SparkSession, *, json: Sequence[str], parquet: Sequence[str]) -> DataFrame:
    """One row per record: file, line; a line of JSON, or a row of Parquet as a JSON object.

    Of a Parquet row the nulls are left out, and instants have their offset, so that the source's
    time zone isn't applied to them.

    Raises:
        ContractError: a file is no Parquet, or a column has two types.
    """
    lines = read_lines(spark, json)
    if not parquet:
        return lines
    with _explained(", ".join(parquet[:3])):
        rows = _reader(spark).option("mergeSchema", True).parquet(*_paths(parquet))
        columns = [F.col(f"`{name}`") for name in rows.columns]
    seconds = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
    formats = {"timestampFormat": f"{seconds}XXX", "timestampNTZFormat": seconds}
    objects = rows.select(_file(), F.to_json(F.struct(*columns), formats).alias("line"))
    return lines.unionByName(objects)


def parquet_columns(spark: SparkSession, file: str) -> list[str]:
    """The columns of one Parquet file; reads its footer."""
    return _reader(spark).parquet(*_paths([file])).columns


def read_csv(
    spark: SparkSession,
    files: Sequence[str],
    *,
    n_columns: int,
    delimiter: str,
    quote: str,
    encoding: str,
    multiline: bool,
) -> DataFrame:
    """One row per record of CSV files whose headers are equal.

    Args:
        spark: the session.
        files: their addresses; each has a header, which isn't read.
        n_columns: how many fields a record has.
        delimiter: between fields.
        quote: around fields; doubled where it is part of one.
        encoding: Java's name of the files' encoding.
        multiline: whether a quoted field may go over several lines.

    Returns:
        file, fields (an array of n_columns texts), malformed (the text of a record with another
        number of fields, or with a quote left open; else null).
    """
    # By place, not by name: a header may have names that Spark wouldn't take.
    names = [f"field_{number}" for number in range(n_columns)]
    schema = StructType([StructField(name, StringType()) for name in [*names, _MALFORMED]])
    options: dict[str, str | bool] = {
        "header": True,
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": _MALFORMED,
        "sep": delimiter,
        "quote": quote,
        "escape": quote,
        "encoding": encoding,
        "multiLine": multiline,
    }
    rows = _reader(spark).schema(schema).options(**options).csv(_paths(files))
    fields, malformed = F.array(*names), F.col(_MALFORMED)
    if multiline:
        swallowed = _has_swallowed(fields, delimiter=delimiter, quote=quote)
        malformed = F.coalesce(malformed, F.when(swallowed, F.array_join(fields, delimiter)))
    return rows.select(_file(), fields.alias("fields"), malformed.alias(_MALFORMED))


def collect_rows(frame: DataFrame) -> list[Row]:
    """The rows of a small aggregate over raw files.

    Raises:
        ContractError: a file can't be read to its end.
    """
    with _explained("raw files"):
        return frame.collect()


def _reader(spark: SparkSession) -> DataFrameReader:
    return spark.read.option("recursiveFileLookup", True)


def _file() -> Column:
    return F.col("_metadata.file_path").alias("file")


def _paths(files: Sequence[str]) -> list[str]:
    """Addresses as Spark's readers want them: decoded, with the characters of globs escaped."""
    return [re.sub(r"([\\\[\]{}*?])", r"\\\1", unquote(file)) for file in files]


def _has_swallowed(fields: Column, *, delimiter: str, quote: str) -> Column:
    """Whether a field begins with a quote that the line lacks a second for, up to a later line's.

    Spark's parser then gives one field with all between them, and both quotes in it.
    """
    inside = f"^{re.escape(quote)}.*\n.*{re.escape(delimiter + quote)}\\S"
    return F.exists(fields, lambda field: field.rlike(f"(?s){inside}"))


@contextmanager
def _explained(subject: str) -> Iterator[None]:
    """Turn a file that Spark can't read into a ContractError that names it."""
    try:
        yield
    except Exception as error:  # its class differs between classic Spark and Connect
        found = _UNREADABLE.search(str(error))
        if found is None:
            raise
        file = re.search(r"file (\S+?)\.?\s", found[0])
        raise ContractError(
            file[1] if file else subject,
            "files that can be read to their end, with one type a column",
            found[0].strip(),
            "send them again whole, of one schema, with times in microseconds "
            "(pandas: to_parquet(..., coerce_timestamps='us'))",
        ) from error
