"""Figures of how many clusters there should be, each with the sentence that says what it shows."""

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cxspark.report.drawing import Chart, colour, draw_chart, title_axes
from cxspark.report.segments import Section
from cxspark.report.wording import compact, counted, metric


def chart_elbow(section: Section) -> Chart:
    """The sum of squared errors by number of clusters, and the straight line it bends away from.

    Args:
        section: with at least one trial, one of them chosen.
    """
    ks = [row["k"] for row in section.trials]
    errors = [row["sse"] for row in section.trials]

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        axes.plot(
            [ks[0], ks[-1]], [errors[0], errors[-1]], color=colour("muted"), linestyle="dashed"
        )
        axes.plot(ks, errors, "-o", color=colour("series-1"), linewidth=2, markersize=6)
        _mark_chosen(axes, section, "sse")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
        _style_by_k(axes, "squared distances to the centres, summed")

    reason = section.chosen["reason"] if section.chosen else ""
    sentence = Markup(
        "More clusters always lie closer to their customers; where the curve bends, a further one "
        "hardly helps. Recommended: {}."
    ).format(metric(f"reason:{section.source}", reason, reason))
    return draw_chart(f"elbow-{section.place}", "How many clusters", sentence, paint)


def chart_silhouette(section: Section) -> Chart:
    """How well customers sit in their clusters, by number of clusters.

    Args:
        section: with at least one trial that has a silhouette.
    """
    told = [row for row in section.trials if row["silhouette"] is not None]

    def paint(axes: Axes, is_narrow: bool) -> None:  # noqa: ARG001
        values = [row["silhouette"] for row in told]
        axes.bar([row["k"] for row in told], values, width=0.62, color=colour("series-6"))
        _mark_chosen(axes, section, "silhouette")
        _style_by_k(axes, "silhouette")

    best = max(told, key=lambda row: row["silhouette"])
    sentence = Markup(
        "The silhouette is 1 where customers are far nearer to their own cluster than to the next, "
        "0 where they lie between two: it is highest with {}, {}."
    ).format(
        counted(best["k"], "cluster"),
        metric(f"silhouette:{section.source}", best["silhouette"], f"{best['silhouette']:.3f}"),
    )
    return draw_chart(f"silhouette-{section.place}", "How clear they are", sentence, paint)


def _mark_chosen(axes: Axes, section: Section, name: str) -> None:
    """The chosen number of clusters, by its colour and its number."""
    chosen = section.chosen
    if chosen is None or chosen[name] is None:
        return
    spot = (chosen["k"], chosen[name])
    if name == "silhouette":
        axes.bar(*spot, width=0.62, color=colour("series-3"))
    else:
        axes.plot(*spot, "o", color=colour("series-3"), markersize=12)
    axes.annotate(f"k = {chosen['k']}", spot, xytext=(8, 8), textcoords="offset points")


def _style_by_k(axes: Axes, label: str) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("clusters")
    axes.margins(y=0.15)
    axes.grid(axis="y")
    title_axes(axes, label)
