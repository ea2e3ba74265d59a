"""Figures of how good the recommenders are, each with the sentence that says what it shows."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox
from pyspark.sql import Row

from cxspark.report.board import Board, Standing
from cxspark.report.drawing import Chart, colour, draw_chart, title_axes
from cxspark.report.wording import counted, decimal, metric, percent

# Where a dot's name may stand, in points from the dot: what the first of them is, if there is room.
_BESIDE = (
    ((9, 0), "left", "center"),
    ((-9, 0), "right", "center"),
    ((0, 9), "center", "bottom"),
    ((0, -9), "center", "top"),
    ((8, 8), "left", "bottom"),
    ((8, -8), "left", "top"),
    ((-8, 8), "right", "bottom"),
    ((-8, -8), "right", "top"),
)
# The least time that the axis of times shows.
_LEAST_SECONDS = 0.01
_DASHED: Any = {"linewidth": 1.2, "linestyle": (0, (3, 4))}


def chart_quality(board: Board) -> Chart:
    """The models' quality with its interval, the best at the top."""
    best, names = board.standings[0], [one.algorithm for one in board.standings]

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        for place, one in enumerate(board.standings):
            if one.algorithm == board.baseline:
                axes.axvline(one.chosen_by["value"], color=colour(one.role), zorder=0, **_DASHED)
            _dot(axes, place, one.chosen_by, one.role)
        _style_dots(axes, names, _quality(board))

    sentence = Markup(
        "{} says how near the top of its lists a model put what customers took later: 1 is all of "
        "it first, 0 none of it. {} leads with {}; the truth lies within a bar 95 times in 100."
    ).format(
        _quality(board),
        best.algorithm,
        metric("best_quality", best.chosen_by["value"], f"{best.chosen_by['value']:.3f}"),
    )
    height = 92 + 32 * len(names)
    return draw_chart(
        "quality",
        "Quality of each model",
        sentence,
        paint,
        wide=(494, height),
        narrow=(334, height),
        legend=_legend(board),
    )


def chart_cost(board: Board) -> Chart:
    """Quality against the seconds it took; a model whose seconds nobody took isn't in it.

    Args:
        board: at least one model has seconds.
    """
    timed = [one for one in board.standings if one.seconds is not None]
    across = {one.algorithm: max(one.seconds or 0.0, _LEAST_SECONDS) for one in timed}

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        values = [one.chosen_by["value"] for one in timed]
        room = 0.12 * (max(values) - min(values) or 0.1)
        axes.set_xscale("log")
        axes.set_xlim(min(across.values()) / 1.8, max(across.values()) * 1.8)
        axes.set_ylim(min(values) - room, max(values) + room)
        for one in timed:
            dot = (across[one.algorithm], one.chosen_by["value"])
            axes.plot(*dot, "o", color=colour(one.role), markersize=10)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("seconds to learn and to rank for everyone")
        axes.grid(axis="both")
        title_axes(axes, _quality(board))
        _name_dots(axes, timed, across)

    best, quickest = timed[0], min(timed, key=lambda one: across[one.algorithm])
    sentence = Markup(
        "The higher the better, the further left the quicker: {} took {} s for learning and for "
        "ranking, {} took {} s and has {} of its quality."
    ).format(
        best.algorithm,
        metric("best_seconds", best.seconds, decimal(best.seconds or 0.0)),
        quickest.algorithm,
        metric("least_seconds", quickest.seconds, decimal(quickest.seconds or 0.0)),
        percent(quickest.chosen_by["value"], best.chosen_by["value"]),
    )
    size = 92 + 32 * len(board.standings)
    wide, narrow = (494, max(size, 280)), (334, max(size, 280))
    return draw_chart("cost", "Quality against time", sentence, paint, wide=wide, narrow=narrow)


def chart_groups(board: Board) -> Chart:
    """The default and the baseline in each segment of the users.

    Args:
        board: with at least one group.
    """

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        for place, group in enumerate(board.groups):
            _dot(axes, place - 0.17, group.default, "series-1")
            if group.baseline is not None:
                _dot(axes, place + 0.17, group.baseline, "series-3")
        _style_dots(axes, [_broken(group.name) for group in board.groups], _quality(board))

    ahead = [group.name for group in board.groups if (group.default["difference_low"] or 0) > 0]
    n_ahead = metric("n_groups_ahead", len(ahead))
    sentence = Markup("Beyond noise, {} is better than {} for {} of {} of customers{}.").format(
        board.default,
        board.baseline or "the baseline",
        n_ahead,
        counted(len(board.groups), "group"),
        f": {', '.join(ahead)}" if ahead else "",
    )
    height = 92 + 58 * len(board.groups)
    return draw_chart(
        "groups",
        "For whom it is better",
        sentence,
        paint,
        wide=(494, height),
        narrow=(334, height),
        legend=_legend(board)[:2],
    )


def _quality(board: Board) -> str:
    return f"nDCG@{board.protocol['k']}"


def _legend(board: Board) -> list[tuple[str, str]]:
    """Who is who among the dots."""
    told = []
    if board.default:
        told.append((f"{board.default}: what the suite would use", "series-1"))
    if board.baseline and board.baseline != board.default:
        told.append((f"{board.baseline}: what it must beat", "series-3"))
    if any(one.role == "series-5" for one in board.standings):
        told.append(("the others", "series-5"))
    return told


def _dot(axes: Axes, place: float, row: Row, role: str) -> None:
    """A value with its interval, where it has one, and the value in digits after it."""
    low, high = (row["value"] if row[end] is None else row[end] for end in ("low", "high"))
    axes.hlines(place, low, high, color=colour(role), linewidth=2.4)
    axes.plot(row["value"], place, "o", color=colour(role), markersize=9)
    axes.annotate(
        f"{row['value']:.3f}",
        (max(high, row["value"]), place),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
    )


def _style_dots(axes: Axes, names: Sequence[str], label: str) -> None:
    """Names at the left from the top down, and room at the right for the last digits."""
    axes.set_yticks(range(len(names)), names, color=colour("ink"))
    axes.set_ylim(len(names) - 0.5, -0.6)
    low, high = axes.get_xlim()
    axes.set_xlim(low, high + 0.16 * (high - low))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="x")
    axes.set_xlabel(label)


def _name_dots(axes: Axes, models: Sequence[Standing], across: dict[str, float]) -> None:
    """Each dot's name beside it, where it hides no other dot and no other name."""
    if axes.figure is None:  # only for the type: axes that are painted have one
        return
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    dots = [(across[one.algorithm], one.chosen_by["value"]) for one in models]
    centres = [axes.transData.transform(dot) for dot in dots]
    taken = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in centres]
    for one, dot in zip(models, dots, strict=True):
        tries = [_name(axes, one.algorithm, dot, where) for where in range(len(_BESIDE))]
        boxes = [text.get_window_extent() for text in tries]
        inside = axes.get_window_extent()
        misfit = [
            sum(box.overlaps(other) for other in taken)
            + 2 * (box.x0 < inside.x0 or box.x1 > inside.x1 or box.y0 < inside.y0)
            for box in boxes
        ]
        best = misfit.index(min(misfit))
        taken.append(boxes[best])
        for text in (*tries[:best], *tries[best + 1 :]):
            text.remove()


def _name(axes: Axes, name: str, dot: tuple[float, float], where: int) -> Annotation:
    offset, across, up = _BESIDE[where]
    return axes.annotate(name, dot, xytext=offset, textcoords="offset points", ha=across, va=up)


def _broken(name: str) -> str:
    """A long name in two lines, at the space nearest to its middle."""
    spaces = [place for place, letter in enumerate(name) if letter == " "]
    if len(name) <= 14 or not spaces:
        return name
    middle = min(spaces, key=lambda place: abs(place - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}"
