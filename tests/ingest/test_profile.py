from collections.abc import Sequence

import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.ingest.profile import FileProfile, profile_files


def lines(spark: SparkSession, files: dict[str, Sequence[bytes]]) -> DataFrame:
    rows = [(file, bytearray(line)) for file, content in files.items() for line in content]
    frame = spark.createDataFrame(rows, "file string, line binary").coalesce(1)
    return frame.selectExpr("file", "cast(line as string) AS line")


def profiles(frame: DataFrame) -> dict[str, FileProfile]:
    return {row["file"]: FileProfile(**row.asDict()) for row in frame.collect()}


def test_a_file_is_known_by_its_lines_alone(spark: SparkSession) -> None:
    files = {
        "a": [b"h", b"1", b"2"],
        "same": [b"h", b"1", b"2"],
        "other": [b"h", b"1", b"3"],
        "twice": [b"h", b"1", b"2", b"2"],
        "thrice": [b"h", b"1", b"2", b"2", b"2"],
    }
    found = profiles(profile_files(lines(spark, files), quote='"'))
    ids = {name: one.load_id for name, one in found.items()}
    assert ids["a"] == ids["same"]
    assert len(set(ids.values())) == 4
    assert {one.first_line for one in found.values()} == {b"h"}


def test_lines_are_counted_by_what_is_odd_about_them(spark: SparkSession) -> None:
    content = [b'x,"y', b'"a""b",c', "é".encode("latin-1"), b"a\0b", "é".encode(), b'3" pipe']
    found = profiles(profile_files(lines(spark, {"a": content}), quote='"'))["a"]
    assert (found.n_lines, found.n_garbled, found.n_open_quotes) == (6, 2, 2)
    assert list(found.keys) == []


def test_a_key_is_found_if_some_object_has_it_even_as_null(spark: SparkSession) -> None:
    content = [b'{"a": 1}', b'{"b": null, "a": 2}', b"no object", b'{"A": {"c": 1}}']
    frame = profile_files(lines(spark, {"a": content}), quote='"', keys=["a", "b", "c", "d"])
    assert list(profiles(frame)["a"].keys) == ["a", "b"]


def test_other_columns_are_refused(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match="file, line"):
        profile_files(spark.range(1), quote='"')
