"""Tables of behaviour events: raw, clean, rejected, and the ledger of loads."""

from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    LongType,
    MapType,
    StringType,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

_RECORD = MapType(StringType(), StringType(), valueContainsNull=True)

BRONZE_EVENTS = Table(
    name="bronze.events",
    grain="one row per raw record, as it came",
    schema=StructType(
        [
            column("source", StringType(), "name of the data source, as its mapping gives it"),
            column("load_id", StringType(), "fingerprint of the file's content"),
            column("file", StringType(), "address of the file the record came from"),
            column("position", LongType(), "order of the records of a load; not consecutive"),
            column("record", _RECORD, "the source's own columns, by name, as text", nullable=True),
            column("malformed", StringType(), "text of a record that can't be read", nullable=True),
            column("loaded_at", TimestampType(), "when the load began, UTC"),
        ]
    ),
    key=("source", "load_id", "position"),
)

SILVER_EVENTS = Table(
    name="silver.events",
    grain="one row per valid event, no duplicates",
    schema=StructType(
        [
            column("source", StringType(), "name of the data source"),
            column("event_key", StringType(), "the source's event id, else a hash of the record"),
            column("user_id", StringType(), "who acted"),
            column("item_id", StringType(), "on what"),
            column("event_type", StringType(), "what was done: view, cart, purchase, return, ..."),
            column("event_at", TimestampType(), "when, UTC"),
            column("channel", StringType(), "where: web, shop, app, ...", nullable=True),
            column(
                "quantity", DoubleType(), "pieces; null where the source has none", nullable=True
            ),
            column("amount", DoubleType(), "money, in the source's currency", nullable=True),
            column("item_name", StringType(), "the item's name for people", nullable=True),
            column("rating", DoubleType(), "mark given, in the source's own scale", nullable=True),
            column("watched_seconds", DoubleType(), "seconds watched of the item", nullable=True),
            column("duration_seconds", DoubleType(), "the item's length in seconds", nullable=True),
            column("load_id", StringType(), "fingerprint of the file it came from"),
            column("record_number", LongType(), "place in that file, from 1, header not counted"),
        ]
    ),
    key=("source", "event_key"),
    change_feed=True,
)

QUARANTINE = Table(
    name="silver.quarantine",
    grain="one row per rejected record, with every reason",
    schema=StructType(
        [
            column("origin", StringType(), "the bronze table it was rejected from"),
            column("source", StringType(), "name of the data source"),
            column("load_id", StringType(), "fingerprint of the file's content"),
            column("file", StringType(), "address of the file"),
            column("record_number", LongType(), "place in that file, from 1, header not counted"),
            column("reasons", ArrayType(StringType(), containsNull=False), "every rule it broke"),
            column("record", _RECORD, "the source's own columns, as text", nullable=True),
            column("malformed", StringType(), "text of a record that can't be read", nullable=True),
            column("loaded_at", TimestampType(), "when the load began, UTC"),
        ]
    ),
    key=("origin", "source", "load_id", "record_number"),
    checks={"has_reason": "size(reasons) > 0"},
    partition_by=("origin",),
)

LOADS = Table(
    name="ops.loads",
    grain="one row per file content loaded from a source",
    schema=StructType(
        [
            column("source", StringType(), "name of the data source"),
            column("load_id", StringType(), "fingerprint of the file's content"),
            column("file", StringType(), "address of the file"),
            column("n_bytes", LongType(), "its size"),
            column("modified_at", TimestampType(), "when it was last written, UTC"),
            column("n_records", LongType(), "records read"),
            column("n_accepted", LongType(), "records that became rows of silver"),
            column("n_duplicates", LongType(), "valid records that were there already"),
            column("n_quarantined", LongType(), "records rejected"),
            column("run_id", StringType(), "the run that loaded it"),
            column("loaded_at", TimestampType(), "when the load began, UTC"),
        ]
    ),
    key=("source", "load_id"),
    checks={"adds_up": "n_records = n_accepted + n_duplicates + n_quarantined"},
)
