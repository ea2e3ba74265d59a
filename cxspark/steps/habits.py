"""Customers' features to segment them by: derived from events, known of customers, or both."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.features import (
    CUSTOMER_FEATURES,
    SNAPSHOTS,
    FeatureChoice,
    FeatureNames,
)
from cxspark.runtime.ddl import quoted
from cxspark.runtime.tables import Tables
from cxspark.segmentation.rfm import SOURCE, aggregate_habits, measure_trades, select_trades
from cxspark.segmentation.settings import HabitSettings
from cxspark.steps.features import Features, read_features


def write_habits(tables: Tables, settings: HabitSettings, *, as_of: datetime | None) -> datetime:
    """Derive the customers' spending habits, write them, and tell whose instant they are.

    Raises:
        ContractError: there is no purchase.
    """
    trades = select_trades(
        tables.read(SILVER_EVENTS),
        purchases=settings.purchases,
        returns=settings.returns,
        source=settings.source,
    )
    (told,) = measure_trades(trades).collect()
    if told["newest_micros"] is None:
        raise ContractError(
            SILVER_EVENTS.name,
            f"events of the types {', '.join(settings.purchases)}",
            "none",
            "name the types that are purchases in habits, or take in events that are",
        )
    if told["n_without_amount"]:
        tables.warn(f"{told['n_without_amount']:,} purchases and returns have no amount: counted 0")
    if told["n_returning"]:
        tables.warn(f"{told['n_returning']:,} customers with returns and no purchase are left out")
    instant = as_of or _instant(told["newest_micros"])
    habits = aggregate_habits(trades, as_of=instant)
    tables.overwrite(CUSTOMER_FEATURES, habits, where=f"source = {quoted(SOURCE)}", part=SOURCE)
    return instant


def taken_in_at(tables: Tables, source: str) -> datetime:
    """When the source's snapshot was taken in; the run's start where it is no snapshot.

    So the same snapshot is of the same instant, however often its customers are segmented.
    """
    ours = tables.read_or_empty(SNAPSHOTS).where(F.col("source") == F.lit(source))
    (told,) = ours.agg(F.unix_micros(F.max("loaded_at")).alias("micros")).collect()
    return tables.run.started_at if told["micros"] is None else _instant(told["micros"])


def _instant(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(0, 0, micros)


def read_known(tables: Tables, *, has_habits: bool, customers: FeatureChoice | None) -> Features:
    """The numbers known of customers, the habits first; of those who are in both, if both count."""
    derived = FeatureChoice(table="gold.customer_features", source=SOURCE, categories=())
    choices = (derived if has_habits else None, customers)
    first, *others = (read_features(tables, one) for one in choices if one is not None)
    if not others:
        return first
    other = others[0]
    more = other.rows.select("user_id", F.col("numbers").alias("more"))
    rows = first.rows.join(more, "user_id").select(
        "user_id", F.concat("numbers", "more").alias("numbers"), "categories", "label"
    )
    names = FeatureNames((*first.names.numbers, *other.names.numbers), first.names.categories)
    return Features(rows, names, other.source)
