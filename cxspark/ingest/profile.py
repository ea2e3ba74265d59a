"""What a raw file is, told from its lines before any of it is taken in."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.functions.text import is_garbled
from cxspark.ingest.records import json_record

_LOW_HALF = 0xFFFFFFFF


@dataclass(frozen=True)
class FileProfile:
    """One file, as `profile_files` tells it.

    Attributes:
        file: its address.
        load_id: fingerprint of its lines, whatever its name and time; their order doesn't count.
        n_lines: lines that aren't blank.
        n_garbled: lines that aren't UTF-8 text.
        n_open_quotes: lines with an odd number of quotes.
        first_line: its bytes.
        keys: those of the wanted keys that some line has, where lines are JSON.
    """

    file: str
    load_id: str
    n_lines: int
    n_garbled: int
    n_open_quotes: int
    first_line: bytes
    keys: tuple[str, ...]


def profile_files(lines: DataFrame, *, quote: str, keys: Sequence[str] = ()) -> DataFrame:
    """One row per file, in the columns of FileProfile.

    Args:
        lines: file, line (bytes as they are); blank ones left out.
        quote: the quote character of CSV.
        keys: columns to look for, where the lines are JSON objects.

    Cost: one pass over the files and one shuffle of a row per file and task.
    """
    if not {"file", "line"} <= set(lines.columns):
        raise ContractError("raw lines", "file, line", ", ".join(lines.columns), "use raw_files")
    line, line_hash = F.col("line"), F.col("line_hash")
    n_quotes = F.octet_length(line) - F.octet_length(F.replace(line, F.lit(quote), F.lit("")))
    flags = {f"has_{place}": key for place, key in enumerate(keys)}
    aggregated = (
        lines.withColumns(
            {
                "position": F.monotonically_increasing_id(),
                "line_hash": F.xxhash64(line),
                "record": json_record(line),
            }
        )
        .select("*", *(F.map_contains_key("record", key).alias(f) for f, key in flags.items()))
        .groupBy("file")
        .agg(
            F.count(F.lit(1)).alias("n_lines"),
            F.sum(line_hash.bitwiseAND(F.lit(_LOW_HALF))).alias("low"),
            F.sum(F.shiftrightunsigned(line_hash, 32)).alias("high"),
            F.bit_xor(line_hash).alias("mixed"),
            F.count_if(~F.is_valid_utf8(line) | is_garbled(line)).alias("n_garbled"),
            F.count_if(F.contains(line, F.lit(quote)) & (n_quotes % 2 == 1)).alias("n_open_quotes"),
            F.min_by(line, "position").cast("binary").alias("first_line"),
            *[F.bool_or(flag).alias(flag) for flag in flags],
        )
    )
    found = [F.when(F.col(flag), F.lit(key)) for flag, key in flags.items()]
    return aggregated.select(
        "file",
        F.md5(F.concat_ws(" ", "n_lines", "low", "high", "mixed").cast("binary")).alias("load_id"),
        "n_lines",
        "n_garbled",
        "n_open_quotes",
        "first_line",
        _texts(found).alias("keys"),
    )


def _texts(columns: Sequence[Column]) -> Column:
    return F.array_compact(F.array(*columns)).cast("array<string>")
