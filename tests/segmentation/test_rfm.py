from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.segmentation.rfm import aggregate_habits, measure_trades, select_trades

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
LATE = datetime(2026, 3, 2, tzinfo=UTC)


def event(user, item, kind, day, amount, *, source="shop", hour=0):
    at = datetime(2026, day[0], day[1], hour, tzinfo=UTC)
    optional = (None, None, amount, None, None, None, None)
    return (source, f"{user}{item}{day}{hour}{kind}", user, item, kind, at, *optional, "l", 1)


EVENTS = [
    event("a", "i1", "purchase", (1, 1), 10.0),
    event("a", "i2", "purchase", (1, 1), 20.0, hour=12),
    event("a", "i1", "purchase", (1, 11), 30.0),
    event("a", "i1", "return", (1, 12), -10.0),
    event("a", "i3", "purchase", (3, 2), 999.0),
    event("a", "i3", "view", (2, 27), None),
    event("b", "i1", "purchase", (2, 27), None, hour=12),
    event("only returns", "i1", "return", (1, 5), 5.0),
    event("c", "i1", "purchase", (1, 1), 1.0, source="other"),
]


@pytest.fixture(scope="module")
def trades(spark: SparkSession):
    events = spark.createDataFrame(EVENTS, SILVER_EVENTS.schema)
    return select_trades(events, purchases=["purchase"], returns=["return"], source="shop")


def test_habits_until_an_instant_by_hand(trades):
    rows = aggregate_habits(trades, as_of=AS_OF).collect()
    assert {(row["source"], row["user_id"]) for row in rows} == {("events", "a"), ("events", "b")}
    found = {row["user_id"]: row["numbers"] for row in rows}
    assert found["a"] == {
        "recency_days": 49.0,
        "tenure_days": 59.0,
        "frequency": 2.0,
        "monetary": 50.0,
        "mean_basket": 30.0,
        "n_items": 2.0,
        "return_share": 0.25,
        "days_between": 10.0,
    }


def test_what_is_not_known_of_a_customer_is_not_there(trades):
    found = {
        row["user_id"]: row["numbers"] for row in aggregate_habits(trades, as_of=AS_OF).collect()
    }
    assert found["b"] == {
        "recency_days": 1.5,
        "tenure_days": 1.5,
        "frequency": 1.0,
        "n_items": 1.0,
        "return_share": 0.0,
    }


def test_the_newest_trade_and_what_can_t_be_used(trades):
    (told,) = measure_trades(trades).collect()
    assert told["newest_micros"] == LATE.timestamp() * 1e6
    assert (told["n_without_amount"], told["n_returning"]) == (1, 1)


def test_no_trades_are_no_habits(trades):
    none = trades.limit(0)
    assert aggregate_habits(none, as_of=AS_OF).count() == 0
    assert tuple(measure_trades(none).collect()[0]) == (None, 0, 0)
