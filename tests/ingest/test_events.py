"""Each rule against records that just break it, and that just don't."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.events import BRONZE_EVENTS
from cxspark.ingest.events import CHECKED, check_records
from cxspark.ingest.settings import IngestEventsSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = {
    "user_id": "user",
    "item_id": "item",
    "event_at": "time",
    "event_type": "action",
    "quantity": "qty",
    "amount": {"expr": "try_cast(`qty` as double) * try_cast(`unit price` as double)"},
}
GOOD = {
    "user": "u",
    "item": "i",
    "time": "2026-03-01 10:00:00",
    "action": "buy",
    "qty": "2",
    "unit price": "1.5",
}


def job(**source: Any) -> IngestEventsSettings:
    mapping = {
        "name": "shop",
        "columns": COLUMNS,
        "event_types": {"buy": "purchase", "back": "return"},
    }
    return IngestEventsSettings.model_validate({"source": mapping | source, "input": ["x"]})


def bronze(spark: SparkSession, records: list[dict[str, str | None] | str]) -> DataFrame:
    rows = [
        ("shop", "l1", "f", place, None, record, NOW)
        if isinstance(record, str)
        else ("shop", "l1", "f", place, record, None, NOW)
        for place, record in enumerate(records)
    ]
    return spark.createDataFrame(rows, BRONZE_EVENTS.schema)


def checked(
    spark: SparkSession, records: list[dict[str, str | None] | str], **source: Any
) -> list[Row]:
    frame = check_records(bronze(spark, records), settings=job(**source), now=NOW)
    assert frame.columns == CHECKED
    return frame.orderBy("position").collect()


def test_marks_are_types_as_the_readme_says(spark: SparkSession) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r'expr: "(IF\(.*`stars`.*\))"', readme)
    columns = COLUMNS | {"event_type": {"expr": recipe}}
    records = [GOOD | {"stars": stars} for stars in ("4.5", "4", "5.0", "3.5", "none")]
    rows = checked(spark, records, columns=columns, event_types=None)
    assert [row["event_type"] for row in rows] == ["liked"] * 3 + ["seen"] * 2


CASES: list[tuple[dict[str, str | None] | str, list[str]]] = [
    ({}, []),
    ("half a li", ["malformed_record"]),
    ("half\ufffd", ["malformed_record", "bad_encoding"]),
    ({"unit price": "\ufffd1"}, ["bad_encoding"]),
    ({"extra": "a\0b"}, ["bad_encoding"]),
    ({"user": None}, ["missing_user_id"]),
    ({"user": " \t"}, ["missing_user_id"]),
    ({"item": ""}, ["missing_item_id"]),
    ({"time": None}, ["missing_event_at"]),
    ({"time": "noon"}, ["unparsable_event_at"]),
    ({"time": "2026-03-02 12:00:00"}, []),
    ({"time": "2026-03-02 12:00:01"}, ["future_event_at"]),
    ({"time": "1990-01-01"}, []),
    ({"time": "1989-12-31 23:59:59"}, ["too_old_event_at"]),
    ({"action": None}, ["missing_event_type"]),
    ({"action": "Buy"}, ["unknown_event_type"]),
    ({"qty": "two"}, ["unparsable_quantity"]),
    ({"qty": None}, []),
    ({"qty": "-1"}, ["negative_quantity", "negative_amount"]),
    ({"qty": "-1", "action": "back"}, []),
    ({"unit price": "-1"}, ["negative_amount"]),
    (
        {"user": None, "item": None, "time": "x", "action": "y", "qty": "z"},
        [
            *("missing_user_id", "missing_item_id", "unparsable_event_at"),
            *("unknown_event_type", "unparsable_quantity"),
        ],
    ),
]


def test_every_reason_against_a_record_is_named(spark: SparkSession) -> None:
    records = [case if isinstance(case, str) else GOOD | case for case, _ in CASES]
    found = [row["reasons"] for row in checked(spark, records)]
    assert found == [reasons for _, reasons in CASES]


MARKS = ("rating", "watched_seconds", "duration_seconds")


def test_marks_and_seconds_are_read_as_pieces_and_money_are(spark: SparkSession) -> None:
    texts = {
        " 4.5": 4.5,
        "0": 0.0,
        "": None,
        "NaN": "unparsable",
        "-1": "negative",
        "**": "unparsable",
    }
    columns = COLUMNS | {name: name for name in MARKS}
    # In a return only pieces and money may be negative.
    records = [GOOD | {"action": "back"} | dict.fromkeys(MARKS, text) for text in texts]
    rows = checked(spark, records, columns=columns)
    for row, wanted in zip(rows, texts.values(), strict=True):
        if isinstance(wanted, str):
            assert row["reasons"] == [f"{wanted}_{name}" for name in MARKS]
        else:
            assert row["reasons"] == []
            assert [row[name] for name in MARKS] == [wanted] * 3


def test_a_source_without_marks_and_seconds_has_nulls(spark: SparkSession) -> None:
    row = checked(spark, [GOOD | {"rating": "5"}])[0]
    assert [row[name] for name in MARKS] == [None] * 3


def test_a_valid_record_is_typed(spark: SparkSession) -> None:
    row = checked(spark, [GOOD | {"user": " 17850.0 ", "item": "00042"}])[0]
    assert (row["user_id"], row["item_id"], row["event_type"]) == ("17850.0", "00042", "purchase")
    assert (row["quantity"], row["amount"]) == (2.0, 3.0)
    assert (row["channel"], row["item_name"], row["event_id"]) == (None, None, None)


def test_without_a_list_any_event_type_is_kept(spark: SparkSession) -> None:
    rows = checked(spark, [GOOD | {"action": "hover"}, GOOD | {"action": None}], event_types=None)
    assert [row["event_type"] for row in rows] == ["hover", None]
    assert [row["reasons"] for row in rows] == [[], ["missing_event_type"]]


def test_the_key_is_the_id_else_the_record(spark: SparkSession) -> None:
    columns = COLUMNS | {"event_id": "id"}
    records: list[dict[str, str | None] | str] = [
        GOOD | {"id": "e1"},
        GOOD | {"id": "e1", "qty": "3"},
        GOOD | {"id": None},
        GOOD | {"id": None},
        GOOD | {"id": None, "qty": "3"},
        "cut",
        "cut",
    ]
    keys = [row["event_key"] for row in checked(spark, records, columns=columns)]
    assert keys[:2] == ["e1", "e1"]
    assert keys[2] == keys[3] != keys[4]
    assert keys[5] == keys[6]


@pytest.mark.parametrize("expr", ["Price", "`a` +", "no_such_function(`a`)"])
def test_an_expression_that_is_no_sql_over_columns_is_refused(
    spark: SparkSession, expr: str
) -> None:
    with pytest.raises(ConfigError, match=r"source shop, columns\.amount"):
        checked(spark, [GOOD], columns=COLUMNS | {"amount": {"expr": expr}})


def test_a_frame_that_is_not_bronze_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match=r"bronze\.events"):
        check_records(spark.range(1), settings=job(), now=NOW)


def test_no_records_are_no_error(spark: SparkSession) -> None:
    assert checked(spark, []) == []
