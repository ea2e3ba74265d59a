"""Events as windows to be judged in: the test, and those before it that settings are chosen on."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.keeping import keep
from cxspark.evaluation import (
    Split,
    held_out_items,
    split_by_time,
    split_instant,
    split_last_n,
    split_random,
)
from cxspark.evaluation.selection import Window
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.runtime.tables import Tables
from cxspark.steps.training import EventTraining


def make_windows(events: DataFrame, settings: EvaluateRecommendersSettings) -> list[Window]:
    """The windows that settings are chosen on, the oldest first, and the test as the last.

    In time, the latest of those before the test counts most: its importance is its number, unless
    they are to be equal. Of each user's last events, a window has those before the next one's. At
    random, each is another draw from what the test leaves.

    Args:
        events: silver.events.
        settings: how to split.

    Raises:
        ContractError: no user with a history takes anything new in a window.
    """
    if settings.split == "time":
        return _windows_in_time(events, settings)
    parts = [_drawn(events, settings, 0)]
    for number in range(1, settings.n_windows + 1):
        source = parts[-1 if settings.split == "last_n" else 0].train
        parts.append(_drawn(source, settings, number))
    span = event_span(events)
    test, *windows = (
        replace(_window(part, span, span[1], 1.0, settings), label=f"{settings.split} {number}")
        for number, part in enumerate(parts)
    )
    return [*reversed(windows), test]


def _windows_in_time(events: DataFrame, settings: EvaluateRecommendersSettings) -> list[Window]:
    steps = range(settings.n_windows, -1, -1)
    shares = [settings.train_share - step * settings.window_share for step in steps]
    cuts = [_instant(split_instant(events, share=share)) for share in shares]
    windows = []
    for number, (since, until) in enumerate(pairwise([*cuts, event_span(events)[1]]), 1):
        part = split_by_time(events, at=since, until=until)
        importance = float(number) if settings.importance == "rising" else 1.0
        windows.append(_window(part, (since, until), since, importance, settings))
    return windows


def _drawn(events: DataFrame, settings: EvaluateRecommendersSettings, number: int) -> Split:
    """Not by time: the user's last events, or some at random."""
    if settings.split == "last_n":
        return split_last_n(events, n=settings.last_n)
    return split_random(events, share=settings.train_share, seed=settings.seed + number)


def _window(
    part: Split,
    span: tuple[datetime, datetime],
    at: datetime,
    importance: float,
    settings: EvaluateRecommendersSettings,
) -> Window:
    is_target = F.col("event_type").isin(*settings.foretold)
    history = part.train.where(F.col("event_type").isin(*settings.weights))
    known = history.select("user_id", F.lit(True).alias("is_known")).distinct()
    held_out = held_out_items(part.test.where(is_target), history)
    held_out = keep(held_out.join(known, "user_id", "left"))
    users = held_out.groupBy("user_id").agg(F.any_value("is_known").alias("is_known"))
    n_judged, n_new = users.agg(
        F.count("is_known"), F.count_if(F.col("is_known").isNull())
    ).collect()[0]
    if not n_judged:
        raise ContractError(
            SILVER_EVENTS.name,
            "users with a history who take something new between "
            f"{span[0].isoformat()} and {span[1].isoformat()}",
            f"none; event types there are: {_types(part)}",
            f"name types in weights ({', '.join(settings.weights)}) and targets, split elsewhere"
            " (train_share, n_windows, window_share), or bring events of more time",
        )
    judged = held_out.where("is_known").select("user_id", "item_id")
    training = EventTraining(
        history,
        at=at,
        weights=settings.weights,
        popularity_cap=settings.popularity_cap,
        asked=judged.select("user_id").distinct(),
    )
    return Window(*span, training, judged, importance, n_new, [held_out])


def _types(part: Split) -> str:
    """The event types of both parts, for a message."""
    kinds = part.train.select("event_type").union(part.test.select("event_type"))
    rows = kinds.distinct().orderBy("event_type").limit(20).collect()
    return ", ".join(row["event_type"] for row in rows)


def warn_of_uncounted(events: DataFrame, weights: Collection[str], tables: Tables) -> None:
    """Say which event types count nothing, as taste or as what a user has, and how often they are.

    Cost: one pass over the events' types.
    """
    others = events.where(~F.col("event_type").isin(*weights)).groupBy("event_type").count()
    found = others.orderBy(F.desc("count"), "event_type").limit(20).collect()
    if found:
        counts = ", ".join(f"{row['event_type']} {row['count']:,}" for row in found)
        tables.warn(
            f"events of types without a weight count nothing, so that what they took may be"
            f" recommended: {counts}; weights are of {', '.join(sorted(weights))}"
        )


def event_span(events: DataFrame) -> tuple[datetime, datetime]:
    """The first event's instant, and the one after the last's.

    Raises:
        ContractError: there are no events.
    """
    found = events.agg(
        F.unix_micros(F.min("event_at")).alias("first"),
        F.unix_micros(F.max("event_at")).alias("last"),
    ).collect()[0]
    if found["first"] is None:
        raise ContractError(SILVER_EVENTS.name, "events", "none", "ingest some first")
    return _moment(found["first"]), _moment(found["last"] + 1)


def _instant(cut: DataFrame) -> datetime:
    micros = cut.select(F.unix_micros("cut_at").alias("micros")).collect()[0]["micros"]
    if micros is None:
        raise ContractError(SILVER_EVENTS.name, "events", "none", "ingest some first")
    return _moment(micros)


def _moment(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
