"""The picture of how well classes are told, with the sentence that says what it shows."""

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch

from cxspark.report.confusions import Confusion
from cxspark.report.drawing import Chart, colour, draw_chart, title_axes
from cxspark.report.spread_charts import squares
from cxspark.report.wording import counted, metric, percent, whole

_LINE = 34  # pixels from one row to the next
# How strong a square of a class's whole row would be, and of next to nothing of it.
_STRONGEST, _WEAKEST = 0.55, 0.06


def chart_confusion(one: Confusion, name: str) -> Chart:
    """A row per class there is, a column per class told; the right ones stand on the diagonal.

    Args:
        one: with at least one customer.
        name: unique on the page.
    """
    shares = one.counts / np.maximum(one.counts.sum(axis=1, keepdims=True), 1)
    n_classes = len(one.classes)

    def paint(axes: Axes, is_narrow: bool) -> None:
        for row, column in np.argwhere(one.counts > 0).tolist():
            path = squares(np.array([row * n_classes + column]), n_classes, side=0.94)
            role = "series-1" if row == column else "series-4"
            strength = _WEAKEST + (_STRONGEST - _WEAKEST) * shares[row, column]
            axes.add_patch(PathPatch(path, color=colour(role), alpha=strength, linewidth=0))
            axes.text(
                column + 0.47,
                row + 0.47,
                whole(one.counts[row, column]),
                ha="center",
                va="center",
            )
        limit = 12 if is_narrow else 14
        names = [f"{told[: limit - 1]}…" if len(told) > limit else told for told in one.classes]
        middles = np.arange(n_classes) + 0.47
        axes.set_xticks(middles, names, rotation=90 if n_classes * limit > 45 else 0)
        axes.set_yticks(middles, names, color=colour("ink"))
        axes.set(xlim=(0, n_classes), ylim=(n_classes, 0), xlabel="told")
        axes.spines.bottom.set_visible(False)
        title_axes(axes, "customers, by what they are")

    height = 150 + _LINE * n_classes
    return draw_chart(
        name,
        f"{one.label} by {one.algorithm}, {one.protocol.replace('_', ' ')}",
        _sentence(one, name),
        paint,
        wide=(494, height),
        narrow=(334, height),
        legend=[("told right", "series-1"), ("told wrong", "series-4")],
    )


def _sentence(one: Confusion, name: str) -> Markup:
    return Markup(
        "Of {} of {}, {}, {} ({}) were told right; telling everyone the commonest class, {}, would "
        "be right of {}."
    ).format(
        counted(one.n_users, "customer"),
        one.source,
        one.judged,
        metric(f"{name}:n_right", one.n_right),
        percent(one.n_right, one.n_users),
        one.classes[0],
        percent(one.n_commonest, one.n_users),
    )
