"""Figures of what came in, each with the one sentence that says what it shows."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from numpy.typing import NDArray
from pyspark.sql import Row

from cxspark.report.drawing import Chart, colour, draw_chart, style_count_axis
from cxspark.report.wording import counted, day, metric, percent, whole

# Period -> numpy's unit and how many of them.
_PERIODS = {"day": ("D", 1), "week": ("D", 7), "month": ("M", 1), "year": ("Y", 1)}


def chart_intake(loads: Sequence[Row]) -> Chart:
    """Records read, and the three ways they went, end to end: the parts fill the whole.

    Args:
        loads: `aggregate_loads`, at least one row.
    """
    names = ("n_records", "n_accepted", "n_duplicates", "n_quarantined")
    read, accepted, duplicates, quarantined = (sum(row[name] for row in loads) for name in names)
    bars = [
        ("Read", 0, read, "series-6", "ink"),
        ("Accepted", 0, accepted, "series-1", "on-bar"),
        ("Duplicates", accepted, duplicates, "series-3", "ink"),
        ("Quarantined", accepted + duplicates, quarantined, "series-4", "on-bar"),
    ]

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        for place, (_, start, length, role, role_inside) in enumerate(bars):
            axes.barh(place, length, left=start, height=0.62, color=colour(role))
            is_long, is_late = length > read / 2, start > read / 2
            axes.annotate(
                f"{whole(length)} · {percent(length, read)}",
                (start if is_late and not is_long else start + length, place),
                xytext=(-8 if is_long or is_late else 8, 0),
                textcoords="offset points",
                ha="right" if is_long or is_late else "left",
                va="center",
                color=colour(role_inside if is_long else "ink"),
            )
        axes.set_yticks(range(len(bars)), [bar[0] for bar in bars], color=colour("ink"))
        axes.invert_yaxis()
        axes.set_xlim(0, max(read, 1))
        axes.set_xticks([])
        axes.spines.bottom.set_visible(False)

    sentence = Markup(
        "Of {} records in {}, {} ({}) became events, {} were there already and {} were set aside: "
        "every record is accounted for."
    ).format(
        metric("n_records", read),
        counted(sum(row["n_files"] for row in loads), "file"),
        metric("n_accepted", accepted),
        percent(accepted, read),
        metric("n_duplicates", duplicates),
        metric("n_quarantined", quarantined),
    )
    return draw_chart(
        "intake", "From records to events", sentence, paint, wide=(1060, 180), narrow=(334, 180)
    )


def chart_activity(activity: Sequence[Row], types: Sequence[str], unit: str) -> Chart:
    """Events per period, stacked by type; periods without events are there, empty.

    Args:
        activity: `aggregate_activity`, at least one row.
        types: its event types, in the order of the stack.
        unit: its period.
    """
    edges, counts = _count_periods(activity, types, unit)
    tops = counts.cumsum(axis=0)

    def paint(axes: Axes, is_narrow: bool) -> None:
        places = date2num(edges)  # type: ignore[no-untyped-call]
        for i, top in enumerate(tops):
            base = tops[i - 1] if i else np.zeros_like(top)
            axes.stairs(top, places, baseline=base, fill=True, color=colour(f"series-{i + 1}"))
        _style_date_axis(axes, maxticks=5 if is_narrow else 10)
        axes.set_xlim(places[0], places[-1])
        style_count_axis(axes, "events")

    best = int(tops[-1].argmax())
    sentence = Markup("The busiest {} was {}, with {} events; {} of all events are “{}”.").format(
        "week, from Monday on," if unit == "week" else unit,
        day(edges[best].item()),
        metric("busiest_n_events", int(tops[-1][best])),
        percent(int(counts[0].sum()), int(counts.sum())),
        types[0],
    )
    return draw_chart(
        "activity",
        f"Events per {unit}",
        sentence,
        paint,
        wide=(1060, 300),
        narrow=(334, 240),
        legend=[(name, f"series-{i + 1}") for i, name in enumerate(types)],
    )


def _style_date_axis(axes: Axes, *, maxticks: int) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=maxticks)  # type: ignore[no-untyped-call]
    brief = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(brief)


def _count_periods(
    activity: Sequence[Row], types: Sequence[str], unit: str
) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """The periods' edges (days, one more than periods) and the events, type x period."""
    numpy_unit, n = _PERIODS[unit]
    starts = np.array([row["period"] for row in activity], f"datetime64[{numpy_unit}]")
    edges = np.arange(starts.min(), starts.max() + n + 1, n)
    counts = np.zeros((len(types), edges.size - 1), np.int64)
    row_of = {name: i for i, name in enumerate(types)}
    rows = [row_of[row["event_type"]] for row in activity]
    counts[rows, np.searchsorted(edges, starts)] = [row["n_events"] for row in activity]
    return edges.astype("datetime64[D]"), counts
