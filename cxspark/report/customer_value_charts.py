"""Figures of what customers are worth, each with the one sentence that says what it shows."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from pyspark.sql import Row

from cxspark.report.customer_value import EVERYONE, MODELS, OURS, bins, tenths
from cxspark.report.drawing import Chart, colour, draw_chart, style_count_axis, title_axes
from cxspark.report.findings import Value
from cxspark.report.wording import counted, day, metric, percent, whole

_MADE = "series-6"
_ROLES = {OURS: "series-1", "same_rate": "series-3", "average": "series-5"}
_MARKS: dict[str, Any] = {
    OURS: {"marker": "o", "linewidth": 2.2},
    "same_rate": {"marker": "s", "linewidth": 1.2},
    "average": {"linewidth": 1.2, "linestyle": (0, (3, 4))},
}


def draw_value(value: Value) -> dict[str, Chart]:
    """The figures that there are rows for, by name."""
    drawn = {}
    if value.summary is not None and tenths(value.sizes):
        drawn["value_tenths"] = chart_tenths(value.summary, value.sizes)
    if any(row["bin"] == EVERYONE and row["model"] == OURS for row in value.forecasts):
        drawn["value_forecasts"] = chart_forecasts(value.forecasts)
    return drawn


def chart_tenths(summary: Row, sizes: Sequence[Row]) -> Chart:
    """How the expected value is spread over tenths of the customers.

    Args:
        summary: the source's row of `summarize_values`.
        sizes: `aggregate_values`, of some worth.
    """
    shares = tenths(sizes)
    what = "purchases" if summary["value"] is None else "money"

    def paint(axes: Axes, is_narrow: bool) -> None:
        places = range(1, 11)
        axes.bar(places, shares, color=[colour("series-1"), *[colour("series-2")] * 9])
        for place, share in zip(places, shares, strict=True):
            if not is_narrow or place in {1, 2, 10}:
                axes.annotate(
                    percent(share, 1),
                    (place, share),
                    xytext=(0, 4),
                    textcoords="offset points",
                    ha="center",
                )
        axes.set_ylim(0, 1.12 * shares[0])
        axes.set_xticks(places)
        axes.set_xlabel("tenths of the customers, the most valuable first")
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(axis="y")
        title_axes(axes, f"share of the {what} expected")

    sentence = Markup(
        "The most valuable tenth of {} is expected to bring {} of the {} in the {} after {}, the "
        "lower half {}."
    ).format(
        counted(summary["n_users"], "customer"),
        metric("value_top_tenth", shares[0], percent(shares[0], 1)),
        what,
        span(summary),
        day(summary["as_of"]),
        metric("value_lower_half", sum(shares[5:]), percent(sum(shares[5:]), 1)),
    )
    return draw_chart("value-tenths", "Where the value lies", sentence, paint)


def chart_forecasts(forecasts: Sequence[Row]) -> Chart:
    """Purchases made and purchases forecast, by how often customers had bought before.

    Args:
        forecasts: `select_forecasts`, with the model's row of everyone.
    """
    names = bins(forecasts)
    rows = {(row["model"], row["bin"]): row for row in forecasts}
    everyone = rows[OURS, EVERYONE]
    models = [model for model in MODELS if (model, EVERYONE) in rows]

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        places = range(len(names))
        axes.bar(places, [rows[OURS, name]["actual"] for name in names], color=colour(_MADE))
        for model in reversed(models):
            told = [rows[model, name]["expected"] for name in names]
            axes.plot(places, told, color=colour(_ROLES[model]), **_MARKS[model])
        axes.set_xticks(places, names)
        axes.set_xlabel("repeat purchases before")
        style_count_axis(axes, "purchases per customer")

    totals = {model: rows[model, EVERYONE]["expected"] * everyone["n_users"] for model in models}
    made = everyone["actual"] * everyone["n_users"]
    same = totals.get("same_rate")
    sentence = Markup(
        "Customers bought {} times from {} to {}; the model, which knew nothing of that, had "
        "foretold {}{}."
    ).format(
        metric("value_made", made),
        day(everyone["calibration_until"] + timedelta(1)),
        day(everyone["holdout_until"]),
        metric("value_told:bg_nbd", totals[OURS]),
        "" if same is None else f", and going on as before would have given {whole(same)}",
    )
    legend = [("what they bought", _MADE), *((MODELS[one], _ROLES[one]) for one in models)]
    return draw_chart("value-forecasts", "Foretold and bought", sentence, paint, legend=legend)


def span(summary: Row) -> str:
    """The time ahead, in words."""
    return counted(summary["horizon"], {1: "day", 7: "week"}[summary["unit_days"]])
