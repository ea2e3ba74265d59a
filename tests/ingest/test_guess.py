import pytest

from cxspark.contracts.errors import ContractError
from cxspark.ingest.guess import guess_source

ONLINE_RETAIL = "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID Country"


@pytest.mark.parametrize(
    ("header", "user", "item", "time"),
    [
        (ONLINE_RETAIL.split(), "CustomerID", "StockCode", "InvoiceDate"),
        (["timestamp", "visitorid", "event", "itemid"], "visitorid", "itemid", "timestamp"),
        (["household_id", "product_id", "transaction_timestamp"], "household_id", "product_id",
         "transaction_timestamp"),
        (["userId", "movieId", "timestamp"], "userId", "movieId", "timestamp"),
        (["User ID", "Item", "Event time"], "User ID", "Item", "Event time"),
    ],
)  # fmt: skip
def test_well_known_headers_are_recognised(
    header: list[str], user: str, item: str, time: str
) -> None:
    columns = guess_source(header, name="x").columns
    assert (columns.user_id, columns.item_id, columns.event_at) == (user, item, time)


def test_the_event_column_is_the_type_and_no_type_is_a_purchase() -> None:
    retail_rocket = guess_source(["timestamp", "visitorid", "event", "itemid"], name="x")
    assert retail_rocket.columns.event_type == "event"
    assert guess_source(["user", "item", "time"], name="x").columns.mapped()[
        "event_type"
    ].model_dump() == {"expr": "'purchase'"}


def test_marks_are_recognised_and_times_only_by_their_unit() -> None:
    columns = guess_source(
        ["userId", "movieId", "rating", "timestamp", "watched_seconds", "duration"], name="x"
    ).columns
    assert (columns.rating, columns.watched_seconds) == ("rating", "watched_seconds")
    assert columns.duration_seconds is None


def test_a_column_is_mapped_once() -> None:
    columns = guess_source(["user", "item", "time", "event_type", "event"], name="x").columns
    mapped = [value for value in columns.mapped().values() if isinstance(value, str)]
    assert len(mapped) == len(set(mapped))


def test_a_header_that_does_not_say_who_is_refused_with_its_columns() -> None:
    with pytest.raises(ContractError, match=r"a column for user_id .* found a, item, time"):
        guess_source(["a", "item", "time"], name="x")


@pytest.mark.parametrize(
    ("time", "pattern"),
    [
        ("31/12/2026 10:00", ["d/M/yyyy[ H:mm[:ss]]"]),
        ("12/31/2026 10:00", ["M/d/yyyy[ H:mm[:ss]]"]),
        ("1/2/2026", ["M/d/yyyy[ H:mm[:ss]]"]),
        ("1.2.2026 8:00:01", ["d.M.yyyy[ H:mm[:ss]]"]),
        ("2026-12-31 10:00:00", []),
        ("1767225600", []),
    ],
)
def test_records_tell_the_order_of_day_and_month(time: str, pattern: list[str]) -> None:
    source = guess_source(["user", "item", "time"], name="x", rows=[["u", "i", time]])
    assert list(source.timestamp_formats[3:]) == pattern


def test_a_name_that_cannot_be_one_is_made_one() -> None:
    assert guess_source(["user", "item", "time"], name="my events (1)").name == "my_events_1_"
