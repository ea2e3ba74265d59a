"""Settings of the synthetic world."""

from datetime import date

from pydantic import Field

from cxspark.contracts.settings import Settings


class Dirt(Settings):
    """Faulty records added to the clean ones, as shares of them; named by the ingest's reasons.

    Every fault is a record of its own: the clean ones all stay, so what must be accepted is known.
    """

    duplicate: float = Field(0.005, ge=0, le=0.02, description="copied once, byte for byte")
    missing_user_id: float = Field(0.004, ge=0, le=0.02, description="nobody acted")
    missing_item_id: float = Field(0.001, ge=0, le=0.02, description="on nothing")
    missing_event_at: float = Field(0.0005, ge=0, le=0.02, description="no time")
    unparsable_event_at: float = Field(0.0005, ge=0, le=0.02, description="a time in words")
    future_event_at: float = Field(0.0005, ge=0, le=0.02, description="in the year 2099")
    missing_event_type: float = Field(0.0002, ge=0, le=0.02, description="no action")
    unknown_event_type: float = Field(0.001, ge=0, le=0.02, description="an action not mapped")
    unparsable_quantity: float = Field(0.0002, ge=0, le=0.02, description="pieces in words")
    negative_quantity: float = Field(0.0005, ge=0, le=0.02, description="bought minus one piece")
    conflicting_event_id: float = Field(
        0.0002, ge=0, le=0.02, description="an id used again, with another amount"
    )
    malformed_record: float = Field(0.0003, ge=0, le=0.02, description="half-written lines")
    bad_encoding: float = Field(0.0002, ge=0, le=0.02, description="a Latin-1 byte in UTF-8")
    too_many_events: int = Field(
        12_000, ge=0, description="events of one bot within one UTC day; the ingest's limit is less"
    )


class SyntheticSettings(Settings):
    """The world's size, habits and faults; the same settings give the same bytes."""

    seed: int = Field(20261031, ge=0, description="of every random draw")
    n_users: int = Field(2_000, ge=1, description="visitors")
    n_items: int = Field(600, ge=24, description="products")
    n_events: int = Field(120_000, ge=100, description="clean events, to about 1%")
    days: int = Field(90, ge=7, le=3650, description="days of history; one file each")
    last_day: date = Field(date(2026, 10, 31), description="the history's last day, UTC")
    taste: float = Field(
        0.7, ge=0, le=1, description="share of looks that go to the visitor's favourite categories"
    )
    zipf: float = Field(0.9, ge=0, description="exponent of the items' popularity; 0 is even")
    season: float = Field(0.3, ge=0, le=1, description="swing of the seasons, as a share")
    new_items: float = Field(0.2, ge=0, le=0.9, description="share of items that appear later on")
    cart_rate: float = Field(0.25, ge=0, le=1, description="looks that end in the basket")
    purchase_rate: float = Field(0.4, ge=0, le=1, description="baskets that are bought")
    return_rate: float = Field(0.08, ge=0, le=1, description="purchases brought back")
    dirt: Dirt = Field(Dirt(), description="the faults")
