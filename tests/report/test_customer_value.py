"""What the page tells of customers' worth, by hand."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from cxspark.contracts.value import CUSTOMER_VALUE, VALUE_FORECASTS
from cxspark.report.customer_value import (
    aggregate_values,
    bins,
    select_forecasts,
    summarize_values,
    tenths,
    verdict,
)
from cxspark.report.customer_value_charts import draw_value
from cxspark.report.findings import Findings, Origin, Value
from cxspark.report.page import render_page

AS_OF, UNTIL = date(1998, 6, 30), date(1997, 9, 30)


def valued(  # noqa: PLR0917 - in the order of the columns
    source: str, user: str, x: int, alive: float, purchases: float, value: float | None
) -> Any:
    spend = None if value is None else value / max(purchases, 1e-9)
    return (source, user, AS_OF, 7, x, 0.0, 9.0, alive, 52, purchases, spend, value)


def forecast(model: str, name: str, n: int, told: tuple[float, float], *mse: float) -> Row:
    """``told``: made and forecast; ``mse``: the squared errors' difference, and its interval."""
    (actual, expected), difference = told, mse or (None, None, None)
    error = n * (expected - actual)
    figures = (UNTIL, AS_OF, n, actual, expected, error, 0.5, 0.9, *difference, *difference)
    return Row(**dict(zip(VALUE_FORECASTS.columns, ("shop", model, name, *figures), strict=True)))


FORECASTS = [
    forecast("bg_nbd", "all", 100, (0.8, 0.7)),
    forecast("bg_nbd", "0", 90, (0.3, 0.2)),
    forecast("bg_nbd", "7+", 10, (5.3, 5.2)),
    forecast("same_rate", "all", 100, (0.8, 1.2), 2.0, 1.0, 3.0),
    forecast("same_rate", "0", 90, (0.3, 0.0), 0.1, -0.1, 0.3),
    forecast("same_rate", "7+", 10, (5.3, 12.0), 30.0, 9.0, 51.0),
    forecast("average", "all", 100, (0.8, 1.3), 0.1, -0.2, 0.4),
    forecast("average", "0", 90, (0.3, 1.3), -1.0, -1.5, -0.5),
    forecast("average", "7+", 10, (5.3, 1.3), 30.0, 15.0, 45.0),
]
SUMMARY = Row(
    source="shop", as_of=AS_OF, horizon=52, unit_days=7,
    n_users=5, n_repeaters=4, n_alive=1.0, purchases=20.0, value=100.0,
)  # fmt: skip
SIZES = [Row(n_users=1, worth=60.0), Row(n_users=4, worth=40.0)]


def test_sources_are_summed_up_and_the_largest_is_first(spark: SparkSession) -> None:
    rows = [
        valued("a", "u1", 1, 0.5, 1.0, None),
        valued("b", "u1", 2, 0.25, 2.0, 10.0),
        valued("b", "u2", 0, 1.0, 0.5, 4.0),
    ]
    first, second = summarize_values(spark.createDataFrame(rows, CUSTOMER_VALUE.schema)).collect()
    assert tuple(first) == ("b", AS_OF, 52, 7, 2, 1, 0.25, 2.5, 14.0)
    assert (second["source"], second["n_alive"], second["value"]) == ("a", 0.5, None)


def test_worth_is_money_or_else_purchases_and_nothing_is_counted_too(spark: SparkSession) -> None:
    rows = [valued("a", f"u{i}", 1, 0.5, float(i), None) for i in range(3)]
    rows += [valued("b", f"u{i}", 1, 0.5, 1.0, 100.0) for i in range(4)]
    frame = spark.createDataFrame(rows, CUSTOMER_VALUE.schema)
    of_a = aggregate_values(frame, source="a").collect()
    assert [tuple(row) for row in of_a] == [(1, 2.0), (1, 1.0), (1, 0.0)]
    assert [tuple(row) for row in aggregate_values(frame, source="b").collect()] == [(4, 400.0)]


def test_a_source_s_forecasts_are_its_own(spark: SparkSession) -> None:
    rows = [tuple(row) for row in FORECASTS]
    frame = spark.createDataFrame(rows, VALUE_FORECASTS.schema)
    assert len(select_forecasts(frame, source="shop").collect()) == 9
    assert select_forecasts(frame, source="other").collect() == []


def test_tenths_add_up_and_fall() -> None:
    sizes = [Row(n_users=n, worth=float(w)) for n, w in ((1, 50), (7, 35), (13, 13), (400, 2))]
    shares = tenths(sizes)
    assert len(shares) == 10
    assert sum(shares) == pytest.approx(1)
    assert shares == pytest.approx(sorted(shares, reverse=True))
    assert tenths([]) == tenths([Row(n_users=3, worth=0.0)]) == []


def test_bins_are_in_the_order_of_their_numbers() -> None:
    rows = [Row(bin=name) for name in ("7+", "all", "10", "0")]
    assert bins(rows) == ["0", "7+", "10"]


def test_where_a_naive_forecast_wins_it_is_said() -> None:
    said = verdict(FORECASTS)
    assert "“going on as before” was further off than the model" in said
    assert "“the average for everyone” was as near as the model, within noise" in said
    assert "but nearer for those with 0 repeat purchases" in said
    better = [row for row in FORECASTS if (row["model"], row["bin"]) != ("average", "all")]
    better.append(forecast("average", "all", 100, (0.8, 0.8), -0.3, -0.4, -0.2))
    assert "“the average for everyone” was nearer than the model" in verdict(better)


def test_figures_say_what_they_show() -> None:
    drawn = draw_value(Value(SUMMARY, SIZES, FORECASTS))
    tenth, told = drawn["value_tenths"], drawn["value_forecasts"]
    assert (
        "tenth of 5 customers is expected to bring 30% of the money in the 52 weeks after"
        in str(tenth.sentence.striptags())
    )
    assert "bought 80 times from 1 Oct 1997 to 30 Jun 1998" in told.sentence.striptags()
    assert "foretold 70, and going on as before would have given 120" in told.sentence.striptags()
    for svg in (told.wide, told.narrow):
        assert re.search(">7\\+<", svg)
    purchases = Row(**{**SUMMARY.asDict(), "value": None})
    assert "of the purchases" in draw_value(Value(purchases, SIZES))["value_tenths"].sentence
    assert draw_value(Value()) == {}


def test_the_page_has_a_section_of_what_customers_are_worth(
    findings: Findings, origin: Origin
) -> None:
    def shown(value: Value) -> str:
        told = replace(findings, value=value)
        return render_page(told, origin, title="t", algorithm="user_knn")

    assert "run <code>estimate_value</code>" in shown(Value())
    html = shown(Value(SUMMARY, SIZES, FORECASTS))
    found = dict(re.findall(r'data-metric="([^"]*)" data-value="([^"]*)"', html))
    expected = {"value_n_users": "5", "value_money": "100.0", "mae:bg_nbd": "0.5"}
    assert {name: found[name] for name in expected} == expected
    assert float(found["told:same_rate"]) == pytest.approx(120)
    assert "25% are probably customers still" in html
    assert "+1.0000 to +3.0000" in html
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    without_forecasts = shown(Value(Row(**{**SUMMARY.asDict(), "value": None}), SIZES))
    assert "source's currency" not in without_forecasts
