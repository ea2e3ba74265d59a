"""A mapping guessed from a file's header, for a first look at one's own events."""

import re
from collections.abc import Iterable, Sequence

from cxspark.contracts.errors import ContractError
from cxspark.functions.time import EPOCH_MILLIS, EPOCH_SECONDS, ISO
from cxspark.ingest.settings import Columns, Source
from cxspark.ingest.source import Expression

# What others call it, without case and punctuation; the likelier names first.
_SYNONYMS = {
    "user_id": "userid user customerid customer custid visitorid visitor clientid client memberid "
    "householdid household accountid account sessionid",
    "item_id": "itemid item productid product sku stockcode articleid article asin movieid isbn "
    "productcode upc",
    "event_at": "eventat eventtime timestamp time datetime invoicedate orderdate "
    "transactiontimestamp transactiondate purchasedate createdat occurredat date",
    "event_type": "eventtype event type action behavior behaviour activity",
    "event_id": "eventid",
    "channel": "channel device platform",
    "quantity": "quantity qty pieces units count",
    "amount": "amount salesvalue revenue total totalprice sales",
    "item_name": "itemname productname description title name",
    # Of times only those that say their unit: minutes taken for seconds would go unnoticed.
    "rating": "rating stars userrating",
    "watched_seconds": "watchedseconds secondswatched watchseconds watchtimeseconds",
    "duration_seconds": "durationseconds itemdurationseconds videodurationseconds",
}
_NEEDED = ("user_id", "item_id", "event_at")
_DAY_FIRST, _MONTH_FIRST = "d{0}M{0}yyyy[ H:mm[:ss]]", "M{0}d{0}yyyy[ H:mm[:ss]]"


def guess_source(
    columns: Sequence[str], *, name: str, rows: Iterable[Sequence[str]] = ()
) -> Source:
    """A mapping by well-known names of columns.

    Where nothing names an event's type, every event is a purchase.

    Args:
        columns: the header.
        name: of the source; what can't be in one becomes an underscore.
        rows: some records, to tell 31/12/2026 from 12/31/2026; where both would do, dates with
            slashes have the month first and others the day.

    Raises:
        ContractError: no column says who, on what or when.

    Example:
        >>> source = guess_source(["CustomerID", "StockCode", "InvoiceDate"], name="my shop")
        >>> source.name, source.columns.user_id, source.columns.event_type.expr
        ('my_shop', 'CustomerID', "'purchase'")
    """
    mapping: dict[str, str | Expression] = {}
    for wanted, names in _SYNONYMS.items():
        found = _first(columns, names.split(), taken=mapping.values())
        if found is not None:
            mapping[wanted] = found
    missing = [wanted for wanted in _NEEDED if wanted not in mapping]
    if missing:
        raise ContractError(
            name,
            f"a column for {', '.join(missing)} under a well-known name",
            ", ".join(columns),
            "write a mapping as in conf/sources: `columns: {user_id: YOUR COLUMN, ...}`",
        )
    mapping.setdefault("event_type", Expression(expr="'purchase'"))
    place = list(columns).index(str(mapping["event_at"]))
    times = [row[place].strip() for row in rows if len(row) > place]
    return Source(
        name=re.sub(r"[^A-Za-z0-9_.-]+", "_", name),
        columns=Columns.model_validate(mapping),
        timestamp_formats=(ISO, EPOCH_SECONDS, EPOCH_MILLIS, *_written_dates(times)),
    )


def _first(columns: Sequence[str], names: Sequence[str], *, taken: Iterable[object]) -> str | None:
    """The column with the likeliest of the names, if any."""
    free = [column for column in columns if column not in set(taken)]
    plain = {re.sub("[^a-z0-9]", "", column.lower()): column for column in reversed(free)}
    return next((plain[name] for name in names if name in plain), None)


def _written_dates(times: Sequence[str]) -> list[str]:
    """The pattern of dates as people write them, for each separator in use."""
    dates = [found for time in times if (found := re.match(r"(\d\d?)([/.-])(\d\d?)\2\d{4}", time))]
    patterns = []
    for separator in dict.fromkeys(found[2] for found in dates):
        alike = [found for found in dates if found[2] == separator]
        day_first = any(int(found[1]) > 12 for found in alike)
        month_first = any(int(found[3]) > 12 for found in alike)
        slashes = separator == "/"
        first = _MONTH_FIRST if month_first or (slashes and not day_first) else _DAY_FIRST
        patterns.append(first.format(separator))
    return patterns
