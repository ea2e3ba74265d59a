"""The value job on small Delta tables."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.table import Table
from cxspark.contracts.value import CUSTOMER_VALUE, VALUE_FORECASTS, VALUE_MODELS
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.segmentation.value_settings import EstimateValueSettings
from cxspark.steps.estimate_value import STEP

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
N_DAYS = 200
RUN_COLUMNS = {"run_id", "trained_at"}

Event = tuple[str, str, str, int, float | None]


def tables_at(spark: SparkSession, folder: Path, run_id: str = "r1") -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, run_id))


def load(spark: SparkSession, folder: Path, events: list[Event]) -> None:
    """Events of source, user, type, days after the start, amount."""
    rows = [
        (source, f"e{i}", user, "i", kind, START + timedelta(day), None, None, amount, None, None)
        for i, (source, user, kind, day, amount) in enumerate(events)
    ]
    frame = spark.createDataFrame(
        [(*row, None, None, "f", 1) for row in rows], SILVER_EVENTS.schema
    )
    tables_at(spark, folder).overwrite(SILVER_EVENTS, frame)


def bought(source: str, n_customers: int, *, priced: bool = True) -> list[Event]:
    """Customers who come in the first half, buy now and then, and leave; seeded."""
    rng = np.random.default_rng(3)
    events: list[Event] = []
    for i in range(n_customers):
        day, gap = int(rng.integers(0, 50)), rng.gamma(2.0, 15.0)
        typical = float(rng.gamma(4.0, 5.0))
        while day < N_DAYS:
            amount = round(typical * float(rng.uniform(0.5, 1.5)), 2) if priced else None
            events.append((source, f"{source}{i}", "purchase", day, amount))
            if rng.random() < 0.2:
                break
            day += 1 + int(rng.exponential(gap))
    return [*events, (source, f"{source}0", "view", N_DAYS, None)]


def estimate(spark: SparkSession, folder: Path, run_id: str = "r1", **settings: Any) -> list[str]:
    """Run the job; its warnings."""
    tables = tables_at(spark, folder, run_id)
    STEP.run(spark, EstimateValueSettings(**{"min_customers": 20, **settings}), tables)
    return tables.run.warnings


def content(spark: SparkSession, folder: Path, table: Table) -> list[dict[str, Any]]:
    kept = [column for column in table.columns if column not in RUN_COLUMNS]
    rows = tables_at(spark, folder).read(table).select(*kept).collect()
    return sorted((row.asDict() for row in rows), key=str)


@pytest.mark.integration
def test_a_source_is_valued_again_the_same_and_others_stay(
    spark: SparkSession, tmp_path: Path
) -> None:
    returns: list[Event] = [
        ("shop", "shop1", "return", 60, -5.0),
        ("shop", "x", "purchase", 1, -1.0),
    ]
    load(spark, tmp_path, [*bought("shop", 60), *returns, *bought("web", 30)])
    warnings = estimate(spark, tmp_path, source="shop")
    assert warnings[:2] == [
        "purchases of a negative amount, left out: 1",
        "events that give money back, not set off against the spend: 1",
    ]
    tables = (CUSTOMER_VALUE, VALUE_MODELS, VALUE_FORECASTS)
    first = [content(spark, tmp_path, table) for table in tables]
    values, models, forecasts = first
    assert len(values) == 60
    assert {row["as_of"] for row in values} == {date(2026, 7, 20)}
    assert all(row["expected_value"] > 0 for row in values)
    assert {(row["model"], row["window"], row["until"].month) for row in models} == {
        *(("bg_nbd", "calibration", 4), ("bg_nbd", "all", 7)),
        *(("gamma_gamma", "calibration", 4), ("gamma_gamma", "all", 7)),
    }
    assert {row["input"] for row in models} == {"silver.events@1"}
    assert sum(row["n_users"] for row in forecasts if row["model"] == "bg_nbd") == 2 * 60

    estimate(spark, tmp_path, "r2", source="web")
    estimate(spark, tmp_path, "r3", source="shop")
    again = [content(spark, tmp_path, table) for table in tables]
    for before, after in zip(first, again, strict=True):
        assert [row for row in after if row["source"] == "shop"] == before
    assert len(again[0]) == 90


def test_all_sources_together_and_days_as_units(spark: SparkSession, tmp_path: Path) -> None:
    load(spark, tmp_path, [*bought("a", 40), *bought("b", 40, priced=False)])
    until = date(2026, 5, 1)
    estimate(spark, tmp_path, unit="day", horizon=30, calibration_until=until)
    (one, *others) = content(spark, tmp_path, CUSTOMER_VALUE)
    assert (one["source"], one["unit_days"], one["horizon"]) == ("events", 1, 30)
    assert len(others) == 79
    assert {row["until"] for row in content(spark, tmp_path, VALUE_MODELS)} == {
        until,
        date(2026, 7, 20),
    }
    assert {row["calibration_until"] for row in content(spark, tmp_path, VALUE_FORECASTS)} == {
        until
    }


def test_events_without_amounts_give_purchases_without_value(
    spark: SparkSession, tmp_path: Path
) -> None:
    load(spark, tmp_path, bought("shop", 60, priced=False))
    warnings = estimate(spark, tmp_path)
    assert "all: 0 customers who bought again for money are too few" in " ".join(warnings)
    values = content(spark, tmp_path, CUSTOMER_VALUE)
    assert {row["expected_value"] for row in values} == {None}
    assert all(row["expected_purchases"] > 0 for row in values)
    assert {row["model"] for row in content(spark, tmp_path, VALUE_MODELS)} == {"bg_nbd"}


def test_what_can_t_be_learnt_from_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    once: list[Event] = [("shop", f"u{i}", "purchase", i, 1.0) for i in range(40)]
    load(spark, tmp_path, once)
    with pytest.raises(ContractError, match="bought on a second day; found none among"):
        estimate(spark, tmp_path, min_customers=10)
    with pytest.raises(ContractError, match=r"at least 100 customers.*found 20"):
        estimate(spark, tmp_path, min_customers=100)
    with pytest.raises(ConfigError, match=r"a day from 2026-01-01.*found 2026-02-09"):
        estimate(spark, tmp_path, calibration_until=date(2026, 2, 9))
    with pytest.raises(ContractError, match="events of the source"):
        estimate(spark, tmp_path, source="nobody")


def test_frequent_customers_who_spend_more_are_warned_of(
    spark: SparkSession, tmp_path: Path
) -> None:
    events: list[Event] = [
        ("shop", f"u{i}", "purchase", day, 5.0 + i + day / 100)
        for i in range(40)
        for day in range(i % 10, N_DAYS, 150 // (1 + i))
    ]
    load(spark, tmp_path, events)
    warnings = " ".join(estimate(spark, tmp_path))
    assert "frequency and spend correlate by 0.9" in warnings
    assert "the values of frequent customers are low" in warnings
