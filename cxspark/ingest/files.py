"""The files of an input before they are read: which are known, and what format each has."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.events import LOADS
from cxspark.ingest.source import RawSource

Format = Literal["csv", "json", "parquet", "lines"]
_ENDINGS: dict[str, Format] = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}


@dataclass(frozen=True)
class ListedFile:
    """One file of the input, not read yet.

    Attributes:
        file: its address.
        n_bytes: its size.
        modified_at: when it was last written, microseconds since 1970.
        is_loaded: whether the ledger has it so: it needn't be read to know that it isn't new.
    """

    file: str
    n_bytes: int
    modified_at: int
    is_loaded: bool


def look_up_files(listed: DataFrame, ledger: DataFrame) -> DataFrame:
    """The files of the input in the columns of ListedFile, in order.

    Args:
        listed: file, n_bytes, modified_at.
        ledger: the source's rows of ops.loads.
    """
    stamp = ["file", "n_bytes", "modified_at"]
    known = require_columns(ledger, LOADS, stamp).select(*stamp).distinct()
    return (
        listed.join(known.withColumn("is_loaded", F.lit(True)), stamp, "left")
        .select(
            "file",
            "n_bytes",
            F.unix_micros("modified_at").alias("modified_at"),
            F.coalesce("is_loaded", F.lit(False)).alias("is_loaded"),
        )
        .orderBy("file")
    )


def by_format(files: Iterable[str], *, source: RawSource) -> dict[Format, list[str]]:
    """The files by the format they're read in."""
    groups: dict[Format, list[str]] = {"csv": [], "json": [], "parquet": [], "lines": []}
    for file in files:
        groups[format_of(file, source=source)].append(file)
    return groups


def format_of(file: str, *, source: RawSource) -> Format:
    """How a file is read: as the source says, else by its name without ``.gz`` and the like.

    Example:
        >>> from cxspark.ingest.settings import Source
        >>> mapping = {"user_id": "u", "item_id": "i", "event_at": "t", "event_type": "e"}
        >>> shop = Source(name="shop", columns=mapping)
        >>> format_of("s3://bucket/day.jsonl.gz", source=shop), format_of("a.txt", source=shop)
        ('json', 'csv')
    """
    if source.format != "auto":
        return source.format
    endings = [suffix.lower() for suffix in PurePosixPath(file).suffixes[-2:]]
    return next((_ENDINGS[ending] for ending in reversed(endings) if ending in _ENDINGS), "csv")
