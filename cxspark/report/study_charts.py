"""Figures of what tells customers apart, each with the sentence that says what it shows."""

import textwrap

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from cxspark.report.drawing import Chart, colour, draw_chart, title_axes
from cxspark.report.studies import Node, Study, plant
from cxspark.report.wording import counted, decimal, metric, percent, whole

_BARS = 12
_LINE = 44  # pixels from one node of a tree to the next
_LETTER = 6.6  # pixels of a letter, about
_BARS_FROM = 700  # pixels from the left: there the event's share of a leaf stands as a bar
_LEAF_COLOURS = ("series-1", "series-3", "series-5", "series-4", "series-2", "series-6")


def chart_gains(study: Study, name: str) -> Chart:
    """The features of the greatest gain ratio.

    Args:
        study: with gains.
        name: unique on the page.
    """
    shown = study.gains[:_BARS]

    def paint(axes: Axes, is_narrow: bool) -> None:
        widths = [row["gain_ratio"] for row in shown]
        roles = ["series-6" if row["is_identifier"] else "series-1" for row in shown]
        axes.barh(range(len(shown)), widths, height=0.62, color=[colour(role) for role in roles])
        for place, row in enumerate(shown):
            axes.annotate(
                f"{row['gain_ratio']:.3f}",
                (row["gain_ratio"], place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
            )
        limit = 18 if is_narrow else 28
        names = [textwrap.shorten(row["feature"], limit, placeholder="…") or "…" for row in shown]
        axes.set_yticks(range(len(shown)), names, color=colour("ink"))
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(0, 1.18 * max(widths) or 1.0)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.grid(axis="x")
        axes.set_xlabel("gain ratio")

    best = next((row for row in study.gains if not row["is_identifier"]), study.gains[0])
    sentence = Markup(
        "The longer a bar, the more the answer to one question tells of {}, for what the question "
        "itself costs: {} tells most, {} bits of {}."
    ).format(
        study.label,
        best["feature"],
        metric(f"{name}:best_gain", best["gain"], decimal(best["gain"])),
        decimal(best["entropy"]),
    )
    is_flagged = any(row["is_identifier"] for row in shown)
    legend = [("a feature", "series-1"), ("only names the row", "series-6")] if is_flagged else []
    height = 74 + 27 * len(shown)
    return draw_chart(
        name,
        f"What tells {study.label}",
        sentence,
        paint,
        wide=(494, height),
        narrow=(334, height),
        legend=legend,
    )


def chart_precision(study: Study, name: str) -> Chart:
    """Precision against recall on customers that nothing was learnt from.

    Args:
        study: with a curve.
        name: unique on the page.
    """
    points = [row for row in study.curve if row["precision"] is not None]
    chosen, first = study.chosen, study.curve[0]
    chance = first["n_events"] / max(first["n_rows"], 1)

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        ordered = sorted(points, key=lambda row: row["recall"] or 0.0)
        axes.axhline(chance, color=colour("muted"), linewidth=1, linestyle=(0, (3, 4)))
        axes.annotate(
            "everyone",
            (0, chance),
            xytext=(4, 4),
            textcoords="offset points",
            color=colour("muted"),
        )
        across, up = ([row[side] or 0.0 for row in ordered] for side in ("recall", "precision"))
        axes.plot(across, up, "o-", color=colour("series-1"), linewidth=2.2, markersize=4)
        if chosen is not None and chosen["precision"] is not None:
            at = (chosen["recall"] or 0.0, chosen["precision"])
            axes.plot(*at, "o", color=colour("series-3"), markersize=11)
            axes.annotate("chosen", at, xytext=(0, 10), textcoords="offset points", ha="center")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
            axis.set_ticks([0, 0.25, 0.5, 0.75, 1])
        axes.set(xlim=(-0.02, 1.04), ylim=(0, 1.08), xlabel="of all who will: found")
        title_axes(axes, "of those flagged: right")
        axes.grid(axis="both")

    return draw_chart(
        name,
        f"Finding {study.label}: {study.event}",
        _precision_sentence(study, name),
        paint,
    )


def chart_tree(study: Study, name: str) -> Chart:
    """The tree as an outline: a question below another stands further right.

    Where there is room, a leaf's share of the event stands as a bar beside it.

    Args:
        study: with rules.
        name: unique on the page.
    """
    nodes = list(plant(study.rules).walk())
    places = {id(node): place for place, node in enumerate(nodes)}
    total = nodes[0].n_rows

    def paint(axes: Axes, is_narrow: bool) -> None:
        step, width = (14.0, 334) if is_narrow else (30.0, 1060)
        ends = width if is_narrow or study.event is None else _BARS_FROM
        axes.set_axis_off()
        for node in nodes:
            x, y = step * node.depth + 12, places[id(node)]
            for child in node.children:
                below = places[id(child)]
                axes.plot([x, x, x + step], [y, below, below], color=colour("line"), zorder=0)
            size = 5 + 13 * (node.n_rows / max(total, 1)) ** 0.5
            role = colour(_node_role(node, study))
            axes.plot(x, y, "o", color=role, markersize=size, clip_on=False)
            text = _cut(node.condition or "everyone", int((ends - x - 14) / _LETTER))
            axes.text(x + 14, y - 0.2, text, va="center")
            words = _node_words(node, study, None if is_narrow else total)
            axes.text(x + 14, y + 0.24, words, va="center", color=colour("muted"))
            if ends == _BARS_FROM and node.leaf is not None:
                share = ends + (width - 20 - ends) * (node.leaf["event_share"] or 0.0)
                axes.hlines(y, ends, width - 20, color=colour("line"), linewidth=9)
                axes.hlines(y, ends, share, color=role, linewidth=9)
        axes.set(xlim=(0, width), ylim=(len(nodes) - 0.4, -0.6))

    height = 24 + _LINE * len(nodes)
    classes = list(dict.fromkeys(row["predicted"] for row in study.rules))
    legend = [(f"leaf: {one}", _class_role(one, study)) for one in sorted(classes)]
    return draw_chart(
        name,
        f"The questions that tell {study.label}",
        _tree_sentence(study, name),
        paint,
        wide=(1060, height),
        narrow=(334, height),
        legend=[*legend, ("a question follows", "muted")],
    )


def _precision_sentence(study: Study, name: str) -> Markup:
    chosen = study.chosen
    if chosen is None or not chosen["n_flagged"]:
        return Markup(
            "At these costs it pays to act on nobody: no group of customers has {} often enough."
        ).format(study.event)
    return Markup(
        "Acting on every group with at least {} of {} costs least: on the test it flags {} of {}, "
        "{} of them rightly, and finds {} of the {} there are."
    ).format(
        metric(f"{name}:threshold", chosen["threshold"], percent(chosen["threshold"], 1)),
        study.event,
        whole(chosen["n_flagged"]),
        counted(chosen["n_rows"], "customer"),
        metric(f"{name}:precision", chosen["precision"], percent(chosen["precision"] or 0, 1)),
        metric(f"{name}:recall", chosen["recall"], percent(chosen["recall"] or 0, 1)),
        whole(chosen["n_events"]),
    )


def _tree_sentence(study: Study, name: str) -> Markup:
    shares = [(row["event_share"] or 0.0, row) for row in study.rules]
    if study.event is None:
        return Markup(
            "{} questions lead each customer to one of {} groups; a larger dot holds more of them."
        ).format(whole(len(study.rules) - 1), metric(f"{name}:n_leaves", len(study.rules)))
    share, rule = max(shares, key=lambda one: one[0])
    return Markup(
        "Each customer goes down to one of {} groups; most often {} where {}: {} of {}. "
        "Every share is of {}."
    ).format(
        metric(f"{name}:n_leaves", len(study.rules)),
        study.event,
        rule["path"] or "no question is asked",
        percent(share, 1),
        counted(rule["n_rows"], "customer"),
        study.event,
    )


def _cut(text: str, room: int) -> str:
    """The text without its middle where it is too long: a condition ends with what counts.

    Example:
        >>> _cut("number_of_relationships <= 2.5", 21)
        'number_of_…ips <= 2.5'
    """
    if len(text) <= room:
        return text
    half = max(room - 1, 2) // 2
    return f"{text[:half]}…{text[-half:]}"


def _node_words(node: Node, study: Study, total: int | None) -> str:
    """What is there, in short where it isn't told of how many."""
    size = counted(node.n_rows, "customer")
    if total is not None:
        size = f"{size}, {percent(node.n_rows, total)}"
    if study.event is None:
        if node.leaf is None:
            return size
        return f"{node.leaf['predicted']}: {percent(node.leaf['confidence'], 1)} · {size}"
    events = sum((row["event_share"] or 0.0) * row["n_rows"] for row in node.leaves)
    share = f"{percent(events, node.n_rows)} · {size}"
    return share if total is None else f"{study.event}: {share}"


def _node_role(node: Node, study: Study) -> str:
    return "muted" if node.leaf is None else _class_role(node.leaf["predicted"], study)


def _class_role(name: str, study: Study) -> str:
    """A class's colour; of two, the event's is the stronger one."""
    if study.event is not None:
        return "series-1" if name == study.event else "series-6"
    classes = sorted({row["predicted"] for row in study.rules})
    return _LEAF_COLOURS[classes.index(name) % len(_LEAF_COLOURS)]
