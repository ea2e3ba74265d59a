import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes

from cxspark.report.drawing import colour, draw_chart

SVG = '<svg xmlns="http://www.w3.org/2000/svg" '


def paint(axes: Axes, is_narrow: bool) -> None:
    axes.bar([0, 1], [2, 1], color=colour("series-1"))
    axes.set_title("narrow $x <i>" if is_narrow else "wide $x <i>")


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(str(svg).replace("<svg ", SVG, 1))


def test_a_drawing_is_well_formed_and_says_what_it_is() -> None:
    chart = draw_chart("c", "A <title>", Markup("It says <b>5</b> &amp; more."), paint)
    root = parsed(chart.wide)
    assert root.attrib["role"] == "img"
    named = {element.attrib["id"]: element.text for element in root[:2]}
    assert named == {"c-wide-title": "A <title>", "c-wide-desc": "It says 5 & more."}
    assert root.attrib["aria-labelledby"].split() == list(named)


def test_text_stays_text_and_is_never_mathematics() -> None:
    chart = draw_chart("c", "t", Markup("s"), paint)
    texts = ["".join(element.itertext()) for element in parsed(chart.narrow)]
    assert any("narrow $x <i>" in text for text in texts)


def test_colours_are_the_page_s_and_fonts_too() -> None:
    chart = draw_chart("c", "t", Markup("s"), paint)
    assert "fill: var(--series-1)" in chart.wide
    assert not re.search(r"(fill|stroke): #", chart.wide)
    assert "font-family" not in chart.wide


def test_the_same_drawing_is_the_same_to_the_byte_and_ids_are_its_own() -> None:
    charts = [draw_chart(name, "t", Markup("s"), paint) for name in ("a", "a", "b")]
    assert charts[0] == charts[1]
    drawings = [charts[0].wide, charts[0].narrow, charts[2].wide, charts[2].narrow]
    ids = [found for svg in drawings for found in re.findall(r'\bid="([^"]*)"', svg)]
    assert len(ids) == len(set(ids)) > 0


def test_matplotlib_s_own_settings_stay_as_they_were() -> None:
    before = dict(mpl.rcParams)
    draw_chart("c", "t", Markup("s"), paint)
    assert dict(mpl.rcParams) == before
