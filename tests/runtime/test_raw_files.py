import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest
from pyspark.sql import Row, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.runtime import raw_files


def names(files: Sequence[str]) -> list[str]:
    return [unquote(Path(file).name) for file in files]


def listed(spark: SparkSession, paths: Sequence[str]) -> list[str]:
    return sorted(row["file"] for row in raw_files.list_files(spark, paths).collect())


def csv(spark: SparkSession, file: Path, content: bytes, **other: Any) -> list[Row]:
    file.write_bytes(content)
    options = {
        "n_columns": 3,
        "delimiter": ",",
        "quote": '"',
        "encoding": "utf-8",
        "multiline": False,
    }
    return raw_files.read_csv(spark, [file.as_uri()], **(options | other)).collect()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.csv", "below/b.csv", "below/c.txt", "empty.csv", ".hidden", "_SUCCESS"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("" if name == "empty.csv" else f"h\n{name}\n")
    return tmp_path


def test_folders_are_searched_to_the_bottom_and_globs_expanded(
    spark: SparkSession, folder: Path
) -> None:
    found = names(listed(spark, [str(folder)]))
    assert found == ["a.csv", "b.csv", "c.txt"]
    assert names(listed(spark, [f"{folder}/*/*.csv", f"{folder}/a.csv"])) == [
        "a.csv",
        "b.csv",
    ]


@pytest.mark.parametrize("path", ["nowhere.csv", "*.json"])
def test_a_path_that_leads_nowhere_is_refused(spark: SparkSession, folder: Path, path: str) -> None:
    with pytest.raises(ContractError, match="nothing there"):
        raw_files.list_files(spark, [str(folder), str(folder / path)])


def test_an_empty_folder_has_no_files_and_no_lines(spark: SparkSession, tmp_path: Path) -> None:
    assert listed(spark, [str(tmp_path)]) == []
    assert raw_files.read_lines(spark, []).count() == 0
    assert raw_files.read_objects(spark, json=[], parquet=[]).count() == 0


def test_any_file_name_can_be_read(spark: SparkSession, tmp_path: Path) -> None:
    odd = ["a b.csv", "100%.csv", "[1]{2}.csv", "c,d.csv", "é*?.csv"]
    for name in odd:
        (tmp_path / name).write_text(name)
    files = listed(spark, [str(tmp_path)])
    rows = raw_files.read_lines(spark, files).collect()
    assert {row["line"] for row in rows} == set(odd)
    assert all(unquote(row["file"]).endswith(row["line"]) for row in rows)


def test_lines_are_bytes_as_they_are_without_mark_and_blank_ones(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfh\r\n\n \t \n\xff\n\xc2\xa0\n")
    lines = raw_files.read_lines(spark, [(tmp_path / "a.csv").as_uri()])
    found = lines.selectExpr("cast(line as binary) AS line").collect()
    assert [bytes(row["line"]) for row in found] == [b"h", b"\xff", b"\xc2\xa0"]


def test_csv_fields_come_by_place_whatever_the_header_says(
    spark: SparkSession, tmp_path: Path
) -> None:
    rows = csv(spark, tmp_path / "a.csv", b'a,a,_x.y\n1,"2 ""two"", x",\n')
    assert [(row["fields"], row["malformed"]) for row in rows] == [
        (["1", '2 "two", x', None], None)
    ]


@pytest.mark.parametrize("line", ["1,2", "1,2,3,4", '1,"2,3'])
def test_a_line_with_other_than_its_fields_is_malformed(
    spark: SparkSession, tmp_path: Path, line: str
) -> None:
    rows = csv(spark, tmp_path / "a.csv", f"a,b,c\n{line}\n4,5,6\n".encode())
    assert [row["malformed"] for row in rows] == [line, None]


def test_a_field_may_go_over_lines(spark: SparkSession, tmp_path: Path) -> None:
    rows = csv(spark, tmp_path / "a.csv", b'a,b,c\n1,"2\n""2""",3\n4,5,6\n', multiline=True)
    assert [row["fields"] for row in rows] == [["1", '2\n"2"', "3"], ["4", "5", "6"]]
    assert [row["malformed"] for row in rows] == [None, None]


def test_a_field_that_swallowed_lines_is_malformed(spark: SparkSession, tmp_path: Path) -> None:
    content = b'a,b,c\n1,"2,3\n4,5,6\n7,"8,9\n10,11,12\n'
    rows = csv(spark, tmp_path / "a.csv", content, multiline=True)
    assert [row["malformed"] is None for row in rows] == [False, True]
    assert "4,5,6" in rows[0]["malformed"]


@pytest.mark.parametrize("encoding", ["cp1252", "iso8859-1", "utf-16", "utf-16le", "shift_jis"])
def test_other_encodings_are_decoded(spark: SparkSession, tmp_path: Path, encoding: str) -> None:
    text = "日本" if encoding == "shift_jis" else "é"
    content = f"a,b,c\r\n1,{text},3\r\n".encode(encoding)
    wide = encoding.startswith("utf-16")
    rows = csv(spark, tmp_path / "a.csv", content, encoding=encoding, multiline=wide)
    assert [row["fields"] for row in rows] == [["1", text, "3"]]


def test_parquet_rows_are_objects_with_offsets_and_without_nulls(
    spark: SparkSession, tmp_path: Path
) -> None:
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "at": pd.to_datetime(["2026-03-01 10:00:00.000001", None]).tz_localize("Europe/Berlin"),
            "local": pd.to_datetime(["2026-03-01 10:00", None]),
        }
    )
    frame.to_parquet(tmp_path / "a.parquet", coerce_timestamps="us")
    file = (tmp_path / "a.parquet").as_uri()
    (tmp_path / "b.json").write_text('{"x": 1}\n')
    json = (tmp_path / "b.json").as_uri()
    lines = raw_files.read_objects(spark, json=[json], parquet=[file]).collect()
    assert sorted(row["line"] for row in lines) == [
        '{"id":1,"at":"2026-03-01T09:00:00.000001Z","local":"2026-03-01T10:00:00.000000"}',
        '{"id":2}',
        '{"x": 1}',
    ]
    assert raw_files.parquet_columns(spark, file) == ["id", "at", "local"]


def test_a_file_that_ends_too_early_is_refused_by_name(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"h\n1\n" * 1000)[:-12])
    with pytest.raises(ContractError, match=r"a\.csv\.gz.*read to their end"):
        raw_files.collect_rows(raw_files.read_lines(spark, [(tmp_path / "a.csv.gz").as_uri()]))


def test_parquet_files_of_two_types_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", "x")):
        pd.DataFrame({"id": [value]}).to_parquet(tmp_path / f"{name}.parquet")
    files = [(tmp_path / f"{name}.parquet").as_uri() for name in "ab"]
    with pytest.raises(ContractError, match="one type a column"):
        raw_files.read_objects(spark, json=[], parquet=files)
