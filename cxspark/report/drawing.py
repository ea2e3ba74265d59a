"""One look for all figures, and how a matplotlib figure becomes inline SVG.

Figures are painted in roles ("ink", "series-1"), not colours. A role stands in the SVG as the CSS
variable of that name, so that the page's stylesheet colours text and figures alike, in light and in
dark. Text stays text. Nothing here touches pyplot or the process's matplotlib settings.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cxspark.report.wording import compact

Size = tuple[int, int]
Paint = Callable[[Axes, bool], None]

_ROLES = ("ink", "muted", "line", "on-bar", *(f"series-{i}" for i in range(1, 7)))

# Colours no design would choose, each the place holder of one role.
_COLOURS = {role: f"#01f0{place:02x}" for place, role in enumerate(_ROLES)}
# What an SVG inside a page must not bring along: ids that others have too, and its own fonts.
_NOT_INLINE = re.compile(r"""(?<=<g) id="[^"]*"|font-family: [^;"]*; """)
_PLACEHOLDER = re.compile(r"(fill|stroke): #01f0([0-9a-f]{2})")

_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names come from outside: a $ in one is a $
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.size": 12,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": _COLOURS["line"],
    "axes.labelcolor": _COLOURS["muted"],
    "axes.labelsize": 12,
    "axes.axisbelow": True,
    "grid.color": _COLOURS["line"],
    "grid.linewidth": 1,
    "xtick.color": _COLOURS["muted"],
    "ytick.color": _COLOURS["muted"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "xtick.major.pad": 6,
    "ytick.major.pad": 6,
    "text.color": _COLOURS["ink"],
}


@dataclass(frozen=True)
class Chart:
    """A figure as the page shows it.

    Attributes:
        title: what it is.
        sentence: what it shows, in one sentence.
        wide: inline SVG for a desk.
        narrow: inline SVG for a phone.
        legend: label and colour role of each series, where there are several.
    """

    title: str
    sentence: Markup
    wide: Markup
    narrow: Markup
    legend: Sequence[tuple[str, str]] = ()


def colour(role: str) -> str:
    """What to hand to matplotlib for a role."""
    return _COLOURS[role]


def draw_chart(
    name: str,
    title: str,
    sentence: Markup,
    paint: Paint,
    *,
    wide: Size = (494, 280),
    narrow: Size = (334, 250),
    legend: Sequence[tuple[str, str]] = (),
) -> Chart:
    """A chart in both widths.

    Args:
        name: unique on the page; ids inside the SVG are made from it.
        title: what it is.
        sentence: what it shows.
        paint: draws on the axes given; told whether it is the narrow one.
        wide: width and height in CSS pixels.
        narrow: the same, for a phone.
        legend: label and colour role of each series.
    """
    text = sentence.striptags()
    return Chart(
        title,
        sentence,
        _draw(f"{name}-wide", title, text, paint, size=wide, is_narrow=False),
        _draw(f"{name}-narrow", title, text, paint, size=narrow, is_narrow=True),
        legend,
    )


def title_axes(axes: Axes, label: str) -> None:
    """What the upward axis, or the picture, is in: at the top, on the left."""
    axes.set_title(label, loc="left", fontsize=12, color=colour("muted"))


def style_count_axis(axes: Axes, label: str) -> None:
    """Counts upwards from 0: light lines, short numbers, what is counted above them."""
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.set_ylim(bottom=0)
    title_axes(axes, label)
    axes.grid(axis="y")


def _draw(name: str, title: str, text: str, paint: Paint, *, size: Size, is_narrow: bool) -> Markup:
    width, height = size
    out = StringIO()
    style: Any = {**_STYLE, "svg.hashsalt": name}
    with mpl.rc_context(style):
        # 72 dots an inch: a point of the figure is a pixel of the page.
        figure = Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained")
        paint(figure.add_subplot(), is_narrow)
        undated = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=undated)
    return Markup(_inline(out.getvalue(), name, title, text, size))


def _inline(svg: str, name: str, title: str, text: str, size: Size) -> str:
    """The drawing without its XML prologue, named for screen readers, coloured by role."""
    body = _NOT_INLINE.sub("", svg[svg.index("<g") :])
    width, height = size
    head = (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {width} {height}" '
        f'width="{width}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(text)}</desc>'
    )
    return head + _PLACEHOLDER.sub(_variable, body)


def _variable(found: re.Match[str]) -> str:
    return f"{found[1]}: var(--{_ROLES[int(found[2], 16)]})"
