"""Figures of how things are spread, each with the one sentence that says what it shows."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray
from pyspark.sql import Row

from cxspark.report.drawing import Chart, colour, draw_chart, style_count_axis, title_axes
from cxspark.report.wording import compact, counted, decimal, metric, percent, whole

NOBODY = "none"


def chart_long_tail(sizes: Sequence[Row]) -> Chart:
    """Share of the events against share of the items, the most popular first.

    Args:
        sizes: `aggregate_group_sizes` of the events by item, at least one row.
    """
    items = np.cumsum([0, *(row["n_groups"] for row in sizes)])
    events = np.cumsum([0, *(row["n_rows"] for row in sizes)])
    across, up = items / items[-1], events / events[-1]
    # Only at the end of a bucket is the curve exact: tell of the one nearest to a fifth.
    fifth = int(np.abs(across[1:] - 0.2).argmin()) + 1
    share_of_items = percent(items[fifth], items[-1])
    share_of_events = percent(events[fifth], events[-1])

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        axes.plot([0, 1], [0, 1], color=colour("muted"), linewidth=1, linestyle=(0, (3, 4)))
        axes.fill_between(across, up, color=colour("series-1"), alpha=0.14, linewidth=0)
        axes.plot(across, up, color=colour("series-1"), linewidth=2.2)
        axes.plot(across[fifth], up[fifth], "o", color=colour("series-1"), markersize=8)
        axes.annotate(
            f"{share_of_items} of items, {share_of_events} of events",
            (across[fifth], up[fifth]),
            xytext=(12, -16),
            textcoords="offset points",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
            axis.set_ticks([0, 0.25, 0.5, 0.75, 1])
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="items, the most popular first")
        title_axes(axes, "events")
        axes.grid(axis="y")

    sentence = Markup("The {} most popular of {} ({}) draw {} of all events.").format(
        metric("n_popular_items", int(items[fifth])),
        counted(int(items[-1]), "item"),
        share_of_items,
        metric("popular_share", events[fifth] / events[-1], share_of_events),
    )
    return draw_chart("long-tail", "The long tail of items", sentence, paint)


def chart_user_sizes(sizes: Sequence[Row]) -> Chart:
    """How many customers have how many items.

    Args:
        sizes: `aggregate_group_sizes` of the matrix by user, at least one row.
    """
    bars = doublings(sizes)
    n_users, n_cells = sum(bars.values()), sum(row["n_rows"] for row in sizes)
    most = max(bars, key=lambda label: bars[label])
    sentence = Markup(
        "A customer has {} items on average; the largest group, {} of {} customers, has {} items."
    ).format(
        metric("mean_items", n_cells / n_users, decimal(n_cells / n_users)),
        whole(bars[most]),
        whole(n_users),
        most,
    )
    return _chart_bars(
        "user-sizes", "Items per customer", sentence, bars, across="items", up="customers"
    )


def chart_reach(sizes: Sequence[Row], n_items: int) -> Chart:
    """How many items are recommended to how many customers, and how many to none.

    Args:
        sizes: `aggregate_group_sizes` of the recommendations by item, at least one row.
        n_items: items in the matrix.
    """
    reached = sum(row["n_groups"] for row in sizes)
    bars = {NOBODY: max(n_items - reached, 0), **doublings(sizes)}
    sentence = Markup("{} of {} ({}) are recommended to at least one customer.").format(
        metric("n_items_recommended", reached),
        counted(n_items, "item"),
        metric("coverage", reached / n_items if n_items else 0, percent(reached, n_items)),
    )
    return _chart_bars(
        "reach", "Reach of the catalogue", sentence, bars, across="customers", up="items"
    )


def chart_matrix(matrix: Row) -> Chart:
    """How full the matrix is: of its 1,000 squares as many are filled as of 1,000 cells.

    Args:
        matrix: `aggregate_matrix`, not empty.
    """
    n_possible = matrix["n_users"] * matrix["n_items"]
    density = matrix["n_cells"] / n_possible
    n_filled = round(1000 * density)
    order = np.random.default_rng(1).permutation(1000)

    def paint(axes: Axes, is_narrow: bool) -> None:
        n_columns = 40 if is_narrow else 50
        for places, role in ((order[n_filled:], "line"), (order[:n_filled], "series-1")):
            axes.add_patch(PathPatch(squares(places, n_columns), color=colour(role), linewidth=0))
        axes.set(xlim=(0, n_columns), ylim=(1000 // n_columns, 0), aspect="equal", anchor="NW")
        axes.axis("off")
        title_axes(axes, "each square: a thousandth of all pairs")

    sentence = Markup(
        "{} of {} pairs of {} customers and {} items are known, {}: the rest is what recommending "
        "is about."
    ).format(
        metric("n_cells", matrix["n_cells"]),
        whole(n_possible),
        metric("matrix_n_users", matrix["n_users"]),
        metric("matrix_n_items", matrix["n_items"]),
        metric("density", density, percent(matrix["n_cells"], n_possible)),
    )
    return draw_chart("matrix", "How much is known", sentence, paint)


def squares(places: NDArray[np.int64], n_columns: int, *, side: float = 0.78) -> Path:
    """Squares in rows of so many, as one path; 1 from one to the next."""
    square = side * np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
    origins = np.column_stack([places % n_columns, places // n_columns])
    corners = origins[:, None, :] + square
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(places)
    return Path(corners.reshape(-1, 2), codes)


def chart_distances(distances: Sequence[Row]) -> Chart:
    """How far the neighbours are, the nearest one told apart.

    Args:
        distances: `aggregate_distances`, at least one row; the first metric is shown.
    """
    name = distances[0]["metric"]
    bins = [row for row in distances if row["metric"] == name]
    nearest, others = (np.array([row[n] for row in bins]) for n in ("n_nearest", "n_others"))
    low, high = (np.array([row[edge] for row in bins]) for edge in ("low", "high"))
    width = np.maximum(high - low, 1e-9)

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        bar = {"width": width * 0.92, "align": "edge"}
        axes.bar(low, nearest, color=colour("series-1"), **bar)
        axes.bar(low, others, bottom=nearest, color=colour("series-2"), **bar)
        axes.set_xlabel(f"{name} distance")
        axes.xaxis.set_major_locator(MaxNLocator(6))
        style_count_axis(axes, "pairs")

    peak, n_pairs = int((nearest + others).argmax()), int((nearest + others).sum())
    sentence = Markup(
        "Neighbours were found for {}, {} in all; the commonest distance is from {} to {}."
    ).format(
        metric("n_users_with_neighbors", nearest.sum(), counted(nearest.sum(), "customer")),
        metric("n_pairs", n_pairs, counted(n_pairs, "pair")),
        decimal(low[peak]),
        decimal(high[peak]),
    )
    legend = [("the nearest", "series-1"), ("the others", "series-2")]
    return draw_chart("distances", "How near the neighbours are", sentence, paint, legend=legend)


def doublings(sizes: Sequence[Row]) -> dict[str, int]:
    """Groups by size, in the classes 1, 2-3, 4-7, ..., 64-127, 128+, 256+, without gaps.

    Example:
        >>> ones, sixes = Row(doubling=0, n_groups=9), Row(doubling=2, n_groups=3)
        >>> doublings([sixes, ones])
        {'1': 9, '2-3': 0, '4-7': 3}
    """
    classes = range(max((row["doubling"] for row in sizes), default=-1) + 1)
    return {
        _class_name(i): sum(row["n_groups"] for row in sizes if row["doubling"] == i)
        for i in classes
    }


def _class_name(doubling: int) -> str:
    low, next_low = 2**doubling, 2 ** (doubling + 1)
    if low >= 128:
        return f"{compact(low)}+"
    return str(low) if low == 1 else f"{low}-{next_low - 1}"


def _chart_bars(
    name: str, title: str, sentence: Markup, bars: dict[str, int], *, across: str, up: str
) -> Chart:
    def paint(axes: Axes, is_narrow: bool) -> None:
        roles = ["series-6" if label == NOBODY else "series-1" for label in bars]
        axes.bar(range(len(bars)), list(bars.values()), color=[colour(role) for role in roles])
        axes.set_xticks(range(len(bars)), list(bars))
        if len(bars) > (7 if is_narrow else 12):
            axes.tick_params(axis="x", rotation=60)
        axes.set_xlabel(across)
        style_count_axis(axes, up)

    return draw_chart(name, title, sentence, paint)
