"""Events as windows to be judged in: the test, and those before it that settings are chosen on."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.keeping import keep, release
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

    In time, all count the same, or the later more: then a window's importance is its number. Of
    each user's last events, a window has those before the next one's. At random, each is another
    draw from what the test leaves.

    Args:
        events: silver.events.
        settings: how to split.

    Returns:
        Fewer than asked for where in some of those before the test there is nobody to be judged.

    Raises:
        ContractError: no user with a history takes anything new in the test, or in any window
            before it.
    """
    made = _windows_in_time if settings.split == "time" else _windows_in_draws
    *windows, test = made(events, settings)
    judged = [window for window in windows if isinstance(window, Window)]
    for nobody in (test, *(windows if not judged else ())):
        if isinstance(nobody, ContractError):
            raise nobody
    assert isinstance(test, Window)
    if not judged:
        raise ContractError(
            SILVER_EVENTS.name,
            "events at several instants before the test, to choose settings on",
            f"that all windows before it begin where it does, at {test.since.isoformat()}",
            "bring events of more time, or raise window_share",
        )
    return [*judged, test]


def _windows_in_draws(
    events: DataFrame, settings: EvaluateRecommendersSettings
) -> list[Window | ContractError]:
    parts = [_drawn(events, settings, 0)]
    for number in range(1, settings.n_windows + 1):
        source = parts[-1 if settings.split == "last_n" else 0].train
        parts.append(_drawn(source, settings, number))
    span = event_span(events)
    labels = [f"{settings.split} {number}" for number in range(len(parts))]
    windows = [
        _window(part, span, span[1], settings, label=label)
        for part, label in zip(parts, labels, strict=True)
    ]
    return windows[::-1]


def _windows_in_time(
    events: DataFrame, settings: EvaluateRecommendersSettings
) -> list[Window | ContractError]:
    steps = range(settings.n_windows, -1, -1)
    shares = [settings.train_share - step * settings.window_share for step in steps]
    cuts = [_instant(split_instant(events, share=share)) for share in shares]
    # Of many events at one instant, as where times are days, several cuts may be the same.
    spans = pairwise([*dict.fromkeys(cuts), event_span(events)[1]])
    windows = []
    for number, (since, until) in enumerate(spans, 1):
        part = split_by_time(events, at=since, until=until)
        importance = float(number) if settings.importance == "rising" else 1.0
        windows.append(_window(part, (since, until), since, settings, importance=importance))
    return windows


def _drawn(events: DataFrame, settings: EvaluateRecommendersSettings, number: int) -> Split:
    """Not by time: the user's last events that are to be foretold, or some at random."""
    if settings.split == "random":
        return split_random(events, share=settings.train_share, seed=settings.seed + number)
    is_target = F.col("event_type").isin(*settings.foretold)
    return split_last_n(events, n=settings.last_n, of=is_target)


def _window(
    part: Split,
    span: tuple[datetime, datetime],
    at: datetime,
    settings: EvaluateRecommendersSettings,
    *,
    importance: float = 1.0,
    label: str = "",
) -> Window | ContractError:
    """The window, or what is wrong: that there is nobody to be judged."""
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
        release(held_out)
        return ContractError(
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
    return Window(*span, training, judged, importance, n_new, [held_out], label)


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
