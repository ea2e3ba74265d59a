"""Events in short, and the features that are built of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from cxspark.contracts.checks import conform
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.matrix.interactions import build_interactions

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(1)
WEIGHTS = {"view": 1.0, "cart": 3.0, "purchase": 5.0, "return": -5.0}


@dataclass(frozen=True)
class Event:
    """A silver event in short."""

    user: str = "u"
    item: str = "a"
    kind: str = "view"
    at: datetime = NOON
    rating: float | None = None
    watched: float | None = None
    duration: float | None = None
    key: str = ""
    source: str = "shop"

    def row(self, place: int) -> tuple[Any, ...]:
        key = self.key or f"k{place:03}"
        moved = (None, None, None, None)
        marks = (self.rating, self.watched, self.duration)
        seen = [None if one is None else float(one) for one in marks]
        said = (self.user, self.item, self.kind, self.at)
        return (self.source, key, *said, *moved, *seen, "load", place)


def frame(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    rows = [event.row(place) for place, event in enumerate(events)]
    return spark.createDataFrame(rows, SILVER_EVENTS.schema)


def built(events: DataFrame, **other: Any) -> DataFrame:
    how: dict[str, Any] = {
        "weights": WEIGHTS,
        "other_weight": 0.5,
        "watch_weight": 4.0,
        "half_life_days": None,
        "max_user_weight": None,
        "reference_at": NOON,
    }
    return build_interactions(events, **(how | other))


def cells(spark: SparkSession, *events: Event, **other: Any) -> dict[tuple[str, str], Row]:
    rows = conform(built(frame(spark, events), **other), INTERACTIONS).collect()
    found = {(row.user_id, row.item_id): row for row in rows}
    assert len(found) == len(rows)
    return found
