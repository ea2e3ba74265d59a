import pytest
from pydantic import ValidationError

from cxspark.ingest.settings import Source

COLUMNS = {"user_id": "u", "item_id": "i", "event_at": "t", "event_type": {"expr": "'view'"}}
LINES = {"pattern": "(.) (.) (.)", "fields": ["u", "i", "t"]}


@pytest.mark.parametrize(
    "other",
    [
        {"name": "it's"},
        {"encoding": "klingon"},
        {"time_zone": "Mars/Olympus"},
        {"timestamp_formats": ["yyyy-bb"]},
        {"timestamp_formats": []},
        {"timestamp_formats": ["EEE MMM dd HH:mm:ss yyyy"]},
        {"timestamp_formats": ["d MMMMM yyyy"]},
        {"timestamp_formats": ["d/M/yyyy hh:mm aa"]},
        {"columns": {"user_id": "u"}},
        {"columns": COLUMNS | {"userid": "u"}},
        {"unknown": 1},
        {"delimiter": ""},
        {"format": "lines"},
        {"lines": LINES},
        {"format": "lines", "lines": LINES | {"fields": ["u", "i", "u"]}},
        {"format": "lines", "lines": LINES | {"fields": ["u", "i"]}},
        {"format": "lines", "lines": LINES | {"fields": ["u", "i", "time"]}},
        {"format": "lines", "lines": LINES | {"skip": "("}},
        {"format": "lines", "lines": LINES | {"pattern": "(?P<u>.) (?P<i>.) (?P<t>.)"}},
    ],
)
def test_a_mapping_that_cannot_work_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Source.model_validate({"name": "shop", "columns": COLUMNS} | other)


def test_lines_have_their_fields_by_a_pattern() -> None:
    mapping = {"name": "shop", "columns": COLUMNS, "format": "lines", "lines": LINES}
    assert Source.model_validate(mapping).lines is not None


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("latin-1", "iso8859-1"),
        ("windows-1252", "cp1252"),
        ("utf-8-sig", "utf-8"),
        ("UTF-16LE", "utf-16le"),
    ],
)
def test_encodings_have_the_names_that_java_knows(given: str, known: str) -> None:
    assert Source(name="x", columns=COLUMNS, encoding=given).encoding == known  # type: ignore[arg-type]


def test_a_tab_is_one_however_it_is_written() -> None:
    assert Source(name="x", columns=COLUMNS, delimiter=r"\t").delimiter == "\t"  # type: ignore[arg-type]


def test_a_file_must_have_the_columns_of_expressions_too_each_once() -> None:
    columns = COLUMNS | {"amount": {"expr": "try_cast(`q` as double) * `price of one` * `q`"}}
    source = Source.model_validate({"name": "shop", "columns": columns})
    assert source.source_columns() == ["u", "i", "t", "q", "price of one"]
