"""Figures of segments, each with the sentence that says what it shows."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from pyspark.sql import Row

from cxspark.report.cluster_charts import chart_elbow, chart_silhouette
from cxspark.report.drawing import Chart, colour, draw_chart
from cxspark.report.segments import Section
from cxspark.report.wording import compact, counted, day, decimal, metric, percent

# Features of which a figure of profiles has room.
_N_FEATURES = 10
_OUTSIDE = {"from_segment": "new", "to_segment": "gone"}


def draw_section(section: Section) -> dict[str, Chart]:
    """The figures that there are rows for, by name."""
    drawn = {}
    if section.chosen is not None:
        drawn["elbow"] = chart_elbow(section)
    if any(row["silhouette"] is not None for row in section.trials):
        drawn["silhouette"] = chart_silhouette(section)
    if any(one.deviations for one in section.segments):
        drawn["profiles"] = chart_profiles(section)
    if any(one.share_value is not None for one in section.segments):
        drawn["value"] = chart_value(section)
    if section.moves:
        drawn["moves"] = chart_moves(section)
    return drawn


def chart_profiles(section: Section) -> Chart:
    """What sets each segment apart: its means against all customers' mean.

    Args:
        section: with at least one segment that has a deviation.
    """
    apart: dict[str, float] = {}
    for one in section.segments:
        for name, value in one.deviations.items():
            apart[name] = max(apart.get(name, 0.0), abs(value))
    names = sorted(apart, key=lambda name: (-apart[name], name))[:_N_FEATURES]

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        axes.axvline(0, color=colour("muted"), linewidth=1.2, zorder=0)
        for place, name in enumerate(names):
            known = [one for one in section.segments if name in one.deviations]
            across = [one.deviations[name] for one in known]
            axes.hlines(place, min(across), max(across), color=colour("line"), linewidth=3)
            for one, value in zip(known, across, strict=True):
                axes.plot(value, place, "o", color=colour(one.role), markersize=9)
        texts = [name.replace("_", " ") for name in names]
        axes.set_yticks(range(len(names)), texts, color=colour("ink"))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.grid(axis="x")
        axes.set_xlabel("standard deviations from average")

    who = max(section.segments, key=lambda one: abs(one.deviations.get(names[0], 0.0)))
    sentence = Markup(
        "Right of the line is more than the average customer, left of it less: what sets segments "
        "apart most is {}, of which {} have {} standard deviations {} than average."
    ).format(
        names[0].replace("_", " "),
        f"“{who.name}”",
        metric(f"apart:{section.source}", apart[names[0]], decimal(apart[names[0]])),
        "more" if who.deviations[names[0]] > 0 else "less",
    )
    height = 92 + 34 * len(names)
    return draw_chart(
        f"profiles-{section.place}",
        "What the segments are like",
        sentence,
        paint,
        wide=(494, height),
        narrow=(334, height),
        legend=[(one.name, one.role) for one in section.segments],
    )


def chart_value(section: Section) -> Chart:
    """Each segment's part of the customers beside its part of the value.

    Args:
        section: with at least one segment whose value is known.
    """
    known = [one for one in section.segments if one.share_value is not None]

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        for place, one in enumerate(known):
            for shift, share, role in (
                (-0.2, one.share_users, "series-6"),
                (0.2, one.share_value or 0.0, "series-1"),
            ):
                axes.barh(place + shift, share, height=0.36, color=colour(role))
                axes.annotate(
                    percent(share, 1),
                    (max(share, 0.0), place + shift),
                    xytext=(6, 0),
                    textcoords="offset points",
                    va="center",
                )
        axes.set_yticks(range(len(known)), [one.name for one in known], color=colour("ink"))
        axes.set_ylim(len(known) - 0.5, -0.5)
        axes.set_xlim(right=1.2 * axes.get_xlim()[1])
        axes.set_xticks([])
        axes.spines.bottom.set_visible(False)

    best = max(known, key=lambda one: (one.share_value or 0.0) / one.share_users)
    value = section.run["value_feature"] if section.run else ""
    sentence = Markup("“{}” are {} of the customers and {} of the value ({}).").format(
        best.name,
        percent(best.share_users, 1),
        metric(f"value:{section.source}", best.share_value, percent(best.share_value or 0.0, 1)),
        str(value).replace("_", " "),
    )
    height = 40 + 58 * len(known)
    return draw_chart(
        f"value-{section.place}",
        "Where the value is",
        sentence,
        paint,
        wide=(494, height),
        narrow=(334, height),
        legend=[("of customers", "series-6"), ("of value", "series-1")],
    )


def chart_moves(section: Section) -> Chart:
    """Who went from which segment to which: bands as wide as their customers are many.

    Args:
        section: with at least one move.
    """
    left, right = (_stack(section, end) for end in _OUTSIDE)

    def paint(axes: Axes, is_narrow: bool) -> None:
        roles = {one.name: one.role for one in section.segments}
        _draw_bands(axes, section, (left, right), roles)
        for stack, at in ((left, -0.02), (right, 1.02)):
            _draw_stack(axes, stack, at, roles)
        room = 0.5 if is_narrow else 0.3
        axes.set_xlim(-room, 1 + room)
        axes.invert_yaxis()
        axes.set_axis_off()

    n_all = sum(row["n_users"] for row in section.moves)
    height = 120 + 60 * max(len(left), len(right))
    return draw_chart(
        f"moves-{section.place}",
        f"How {counted(n_all, 'customer')} moved",
        _say_moves(section),
        paint,
        wide=(1060, height),
        narrow=(334, height),
    )


Stack = dict[str, tuple[float, int]]


def _draw_bands(
    axes: Axes, section: Section, ends: tuple[Stack, Stack], roles: Mapping[str, str]
) -> None:
    tops = [{name: low for name, (low, _) in stack.items()} for stack in ends]
    across = np.linspace(0, 1, 50)
    ease = across * across * (3 - 2 * across)
    order = [[*stack] for stack in ends]
    for row in sorted(section.moves, key=lambda one: _places(one, order)):
        start, end = (_end(row, key) for key in _OUTSIDE)
        band = tops[0][start] + (tops[1][end] - tops[0][start]) * ease
        role = roles.get(start, "series-6")
        axes.fill_between(
            across, band, band + row["n_users"], color=colour(role), alpha=0.45, linewidth=0
        )
        tops[0][start] += row["n_users"]
        tops[1][end] += row["n_users"]


def _draw_stack(axes: Axes, stack: Stack, at: float, roles: Mapping[str, str]) -> None:
    side = -1 if at < 0 else 1
    for name, (low, n_users) in stack.items():
        axes.bar(at, n_users, width=0.03, bottom=low, color=colour(roles.get(name, "series-6")))
        axes.annotate(
            f"{name}\n{compact(n_users)}",
            (at + 0.015 * side, low + n_users / 2),
            xytext=(6 * side, 0),
            textcoords="offset points",
            ha="right" if at < 0 else "left",
            va="center",
        )


def _say_moves(section: Section) -> Markup:
    in_both = [
        row
        for row in section.moves
        if row["from_segment"] is not None and row["to_segment"] is not None
    ]
    stayed = [row["n_users"] for row in in_both if row["from_segment"] == row["to_segment"]]
    share = percent(sum(stayed), sum(row["n_users"] for row in in_both))
    first = section.moves[0]
    agreement = section.run["adjusted_rand"] if section.run else None
    return Markup(
        "From {} to {}, {} of the customers who were in a segment stayed in it; the groupings "
        "agree by {} (adjusted Rand index: 1 the same, 0 as by chance)."
    ).format(
        day(first["from_as_of"]),
        day(first["to_as_of"]),
        metric(f"stayed:{section.source}", sum(stayed), share),
        "n/a"
        if agreement is None
        else metric(f"rand:{section.source}", agreement, f"{agreement:.2f}"),
    )


def _end(row: Row, key: str) -> str:
    name = row[key]
    return _OUTSIDE[key] if name is None else str(name)


def _stack(section: Section, key: str) -> Stack:
    """Name -> where it starts, from the top, and its customers; a gap between them."""
    sizes: dict[str, int] = {}
    for row in section.moves:
        sizes[_end(row, key)] = sizes.get(_end(row, key), 0) + row["n_users"]
    names = [one.name for one in section.segments]
    order = sorted(sizes, key=lambda one: (names.index(one) if one in names else len(names), one))
    gap = 0.06 * sum(sizes.values())
    stacked, low = {}, 0.0
    for name in order:
        stacked[name] = (low, sizes[name])
        low += sizes[name] + gap
    return stacked


def _places(row: Row, order: Sequence[Sequence[str]]) -> tuple[int, int]:
    start, end = (names.index(_end(row, key)) for names, key in zip(order, _OUTSIDE, strict=True))
    return start, end
