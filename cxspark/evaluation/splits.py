"""Training and test events, split honestly, and what is held out of them."""

from datetime import datetime
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.evaluation.frames import EVENTS, HELD_OUT

# Rank error of one event in so many: a cut at a share needs no more.
_ACCURACY = 100_000


class Split(NamedTuple):
    """Events to learn from and events to be judged by, with all of their columns."""

    train: DataFrame
    test: DataFrame


def split_instant(events: DataFrame, *, share: float) -> DataFrame:
    """The instant before which a share of the events lie.

    Args:
        events: ``EVENTS``; those without an instant don't count.
        share: between 0 and 1, within one in 100,000 of the events.

    Returns:
        One row: cut_at, the instant of an event; null where there are none. The events at that
        instant itself are the first of the test, so that of many at one instant fewer may be
        before it.

    Cost: one pass, no shuffle but of a summary of each partition.
    """
    require_columns(events, EVENTS, ["event_at"])
    micros = F.percentile_approx(F.unix_micros("event_at"), share, _ACCURACY)
    return events.agg(F.timestamp_micros(micros).alias("cut_at")).select("cut_at")


def split_by_time(events: DataFrame, *, at: datetime, until: datetime | None = None) -> Split:
    """Events before an instant, and those from it on: one instant for all users.

    The only split in which nobody learns from what was still to come, for any user.

    Args:
        events: ``EVENTS``; those without an instant are in neither part.
        at: train is before it, test at it or later.
        until: test is before it; without it test has no end.

    Cost: two filters of the events, no shuffle.
    """
    require_columns(events, EVENTS, ["event_at"])
    is_test = F.col("event_at") >= F.lit(at)
    if until is not None:
        is_test &= F.col("event_at") < F.lit(until)
    return Split(events.where(F.col("event_at") < F.lit(at)), events.where(is_test))


def split_last_n(events: DataFrame, *, n: int, of: Column | None = None) -> Split:
    """Per user the n last events as test, the others as train.

    Users' last events lie at different times: what one user's train tells of a season may be the
    answer to another's test. Use it for comparison with papers that do.

    Args:
        events: ``EVENTS``; of events at one instant the greater item_id is later, then the greater
            event_type where there is one, and an event without an instant is before all. A user
            with at most n events has no train.
        n: events per user, at least 1.
        of: of which events, all by default. Others are in train where they are before the first
            that is held out of the user, else in neither part.

    Cost: one shuffle and sort of the events by user, for each part that is read.
    """
    require_columns(events, EVENTS)
    may_be_test = F.lit(True) if of is None else of
    order = [name for name in ("event_at", "item_id", "event_type") if name in events.columns]
    latest = Window.partitionBy("user_id").orderBy(
        may_be_test.desc(), *(F.col(name).desc_nulls_last() for name in order)
    )
    is_test = may_be_test & (F.row_number().over(latest) <= n)
    first = F.min(F.when(F.col("_is_test"), F.col("event_at"))).over(Window.partitionBy("user_id"))
    is_before = may_be_test | F.col("_first_at").isNull() | (F.col("event_at") < F.col("_first_at"))
    placed = events.withColumn("_is_test", is_test).withColumn("_first_at", first)
    return Split(
        placed.where(~F.col("_is_test") & is_before).select(*events.columns),
        placed.where("_is_test").select(*events.columns),
    )


def split_random(events: DataFrame, *, share: float, seed: int) -> Split:
    """A share of the events, drawn at random, as train, the others as test.

    An event is drawn by a hash of user, item, instant and seed: always the same, however the rows
    are ordered or partitioned; events equal in all three go together. It lets the future into the
    training, so its numbers flatter; use it for comparison with papers that do.

    Args:
        events: ``EVENTS``.
        share: of the events in train, between 0 and 1, about.
        seed: another seed draws other events.

    Cost: two filters of the events, no shuffle.
    """
    require_columns(events, EVENTS)
    is_train = _uniform(F.lit(seed), F.col("user_id"), F.col("item_id"), "event_at") < share
    return Split(events.where(is_train), events.where(~is_train))


def held_out_items(test: DataFrame, train: DataFrame) -> DataFrame:
    """What each user took in the test window and hadn't before: one row per user_id x item_id.

    A recommender that isn't to repeat what the user has can't find the rest.

    Args:
        test: user_id, item_id; duplicates and rows with a null in either don't count.
        train: the same.

    Returns:
        ``HELD_OUT``.

    Cost: shuffles the pairs of test, and those of train.
    """
    pairs = require_columns(test, HELD_OUT).select(*HELD_OUT.columns).dropna().distinct()
    seen = require_columns(train, HELD_OUT).select(*HELD_OUT.columns)
    return pairs.join(seen, HELD_OUT.columns, "left_anti").select(*HELD_OUT.columns)


def _uniform(*keys: Column | str) -> Column:
    """A number from 0 to below 1 by a hash of the keys."""
    return F.xxhash64(*keys).bitwiseAND(F.lit(2**53 - 1)) / F.lit(float(2**53))
