import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.checks import conform
from cxspark.contracts.events import BRONZE_EVENTS
from cxspark.ingest.records import json_record, records_from_csv, records_from_json, to_bronze

OBJECTS = {
    '{"b": 1, "a": "x"}': {"a": "x", "b": "1"},
    '{"a": null}': {"a": None},
    "{}": {},
    '{"a": {"b": [1, 2]}, "c": true}': {"a": '{"b":[1,2]}', "c": "true"},
    '{"id": 12345678901234567890123}': {"id": "12345678901234567890123"},
    # What follows an object would be lost.
    '{"a": 1}{"b": 2}': None,
    '{"a": 1},{"b": 2}': None,
    '{"a": 1} and more': None,
    '{"a": 1': None,
    "[1]": None,
    "]": None,
    "] x": None,
    '{"a": 1, "b": 2, "a": 3}': None,
    '"text"': None,
    "null": None,
    "17": None,
}


def test_only_a_line_that_is_one_object_is_a_record(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("f", line) for line in OBJECTS], "file string, line string")
    rows = records_from_json(frame).collect()
    assert [row["record"] for row in rows] == list(OBJECTS.values())
    malformed = [line if found is None else None for line, found in OBJECTS.items()]
    assert [row["malformed"] for row in rows] == malformed


@settings(max_examples=5)
@given(st.lists(st.dictionaries(st.text(), st.text() | st.none()), min_size=20, max_size=30))
def test_any_object_of_texts_is_read_as_it_was_written(
    spark: SparkSession, objects: list[dict[str, str | None]]
) -> None:
    written = [(json.dumps(one),) for one in objects]
    frame = spark.createDataFrame(written, "line string").coalesce(1)
    assert [row[0] for row in frame.select(json_record(F.col("line"))).collect()] == objects


def test_a_csv_record_is_the_same_map_whatever_the_order_of_its_file(spark: SparkSession) -> None:
    schema = "file string, fields array<string>, malformed string"
    one = spark.createDataFrame([("f", ["1", "x"], None)], schema)
    other = spark.createDataFrame([("f", ["x", "1"], None)], schema)
    texts = [
        records_from_csv(frame, columns=columns).select(F.to_json("record")).collect()[0][0]
        for frame, columns in ((one, ["a", "b"]), (other, ["b", "a"]))
    ]
    assert texts == ['{"a":"1","b":"x"}'] * 2


def test_a_malformed_csv_record_keeps_its_text_alone(spark: SparkSession) -> None:
    schema = "file string, fields array<string>, malformed string"
    frame = spark.createDataFrame([("f", ["1", None], "1")], schema)
    row = records_from_csv(frame, columns=["a", "b"]).collect()[0]
    assert (row["record"], row["malformed"]) == (None, "1")


def test_bronze_follows_the_contract_and_the_order_of_the_file(spark: SparkSession) -> None:
    schema = "file string, record map<string,string>, malformed string"
    records = spark.createDataFrame([("f", {"n": str(n)}, None) for n in range(5)], schema)
    loads = spark.createDataFrame([("l1", "f", 5)], "load_id string, file string, n_records long")
    loaded_at = datetime(2026, 3, 1, tzinfo=UTC)
    bronze = to_bronze(records, loads, source="shop", loaded_at=loaded_at)
    rows = conform(bronze, BRONZE_EVENTS).orderBy("position").collect()
    assert [row["record"]["n"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert {(row["source"], row["load_id"]) for row in rows} == {("shop", "l1")}
