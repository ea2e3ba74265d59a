"""The picture of distances between customers, with the sentence that says what it shows."""

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from numpy.typing import NDArray

from cxspark.report.distance_maps import Comparison
from cxspark.report.drawing import Chart, colour, draw_chart, title_axes
from cxspark.report.spread_charts import squares
from cxspark.report.wording import decimal, metric

# How strong a square is, from the farthest fifth of the range of distances to the nearest.
_SHADES = (0.08, 0.24, 0.42, 0.66, 1.0)
_LINE = 26  # pixels from one row to the next
# Columns up to which a square has room for its number.
_NUMBERED, _NUMBERED_NARROW = 8, 5


def chart_map(one: Comparison, name: str) -> Chart:
    """A square per pair, the stronger the nearer; a pair without a distance has none.

    Args:
        one: with cells.
        name: unique on the page.
    """
    down, across, values = _table(one)

    def paint(axes: Axes, is_narrow: bool) -> None:
        levels = _levels(values)
        for level, strength in enumerate(_SHADES):
            path = squares(np.flatnonzero(levels == level), len(across), side=0.94)
            axes.add_patch(PathPatch(path, color=colour("series-1"), alpha=strength, linewidth=0))
        if len(across) <= (_NUMBERED_NARROW if is_narrow else _NUMBERED):
            _write_numbers(axes, values, levels)
        limit = 7 if is_narrow else 12
        is_crowded = len(across) * max(len(_short(who, limit)) for who in across) > 4 * limit
        axes.set_xticks(np.arange(len(across)) + 0.47, [_short(who, limit) for who in across])
        axes.set_yticks(np.arange(len(down)) + 0.47, [_short(who, limit) for who in down])
        axes.tick_params(axis="x", rotation=90 if is_crowded else 0)
        axes.set(xlim=(0, len(across)), ylim=(len(down), 0))
        axes.spines.bottom.set_visible(False)
        title_axes(axes, f"distance, {one.summary['metric']}")

    height = 110 + _LINE * len(down)
    return draw_chart(
        name,
        f"{one.summary['source']}: {one.between}",
        _sentence(one, name),
        paint,
        wide=(494, height),
        narrow=(334, height),
    )


def _sentence(one: Comparison, name: str) -> Markup:
    near, far = one.summary["nearest"], one.summary["farthest"]
    return Markup(
        "The stronger a square, the nearer the two are to each other, by {}: {} and {} are "
        "nearest, {} apart; {} and {} are farthest, {}."
    ).format(
        one.measure,
        near["from_id"],
        near["to_id"],
        metric(f"{name}:nearest", near["distance"], decimal(near["distance"])),
        far["from_id"],
        far["to_id"],
        metric(f"{name}:farthest", far["distance"], decimal(far["distance"])),
    )


def _table(one: Comparison) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Who stands downwards, who across, and their distances; NaN where there is none."""
    is_one_set = one.summary["mode"] == "all_pairs"
    down = {cell["from_id"] for cell in one.cells}
    across = {cell["to_id"] for cell in one.cells}
    if is_one_set:  # each pair is kept once, and stands on both sides of the diagonal
        down = across = down | across
    rows, columns = sorted(down), sorted(across)
    row_of = {who: place for place, who in enumerate(rows)}
    column_of = {who: place for place, who in enumerate(columns)}
    values = np.full((len(rows), len(columns)), np.nan)
    for cell in one.cells:
        values[row_of[cell["from_id"]], column_of[cell["to_id"]]] = cell["distance"]
        if is_one_set:
            values[row_of[cell["to_id"]], column_of[cell["from_id"]]] = cell["distance"]
    return rows, columns, values


def _levels(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Of each pair the number of its shade; -1 where it has no distance."""
    known = ~np.isnan(values)
    least, greatest = values[known].min(), values[known].max()
    nearness = np.ones_like(values)
    if greatest > least:
        nearness = (greatest - values) / (greatest - least)
    levels = np.full(values.shape, -1, np.int64)
    levels[known] = np.minimum(nearness[known] * len(_SHADES), len(_SHADES) - 1).astype(np.int64)
    return levels


def _write_numbers(axes: Axes, values: NDArray[np.float64], levels: NDArray[np.int64]) -> None:
    for row, column in np.argwhere(levels >= 0).tolist():
        is_strongest = levels[row, column] == len(_SHADES) - 1
        axes.text(
            column + 0.47,
            row + 0.47,
            decimal(values[row, column]),
            ha="center",
            va="center",
            color=colour("on-bar" if is_strongest else "ink"),
        )


def _short(who: str, limit: int) -> str:
    """An id's end: ids that begin alike are told apart by it."""
    return f"…{who[1 - limit :]}" if len(who) > limit else who
