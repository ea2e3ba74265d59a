"""Findings to one self-contained HTML page."""

from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pyspark.sql import Row

from cxspark.report.drawing import Chart
from cxspark.report.findings import CloseUp, Findings, Origin
from cxspark.report.intake import OTHER
from cxspark.report.intake_charts import chart_activity, chart_intake
from cxspark.report.spread_charts import (
    chart_distances,
    chart_long_tail,
    chart_matrix,
    chart_reach,
    chart_user_sizes,
)
from cxspark.report.wording import counted, day, decimal, instant, metric, percent, whole

_WORDING = (counted, day, decimal, instant, metric, percent, whole)


@dataclass(frozen=True)
class Reason:
    """One part of a recommendation's score: whose, its share from 0 to 1, its colour role."""

    row: Row
    share: float
    role: str


@dataclass(frozen=True)
class Card:
    """One customer in detail; `facts` is None where the matrix doesn't know her."""

    user_id: str
    facts: Row | None
    history: list[Row]
    neighbors: list[Row]
    suggestions: list[tuple[Row, list[Reason]]]
    roles: dict[str, str]


def render_page(findings: Findings, origin: Origin, *, title: str, algorithm: str) -> str:
    """The report as HTML.

    It needs no network, runs no script and loads nothing: the style sheet and the figures are in
    it. Every text that comes from a table is escaped. A section without rows says what to run. The
    same findings and origin give the same page, to the byte.

    Args:
        findings: what is told.
        origin: where it comes from.
        title: the headline.
        algorithm: the recommender shown.
    """
    environment = Environment(
        loader=PackageLoader("cxspark.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update({function.__name__: function for function in _WORDING})
    return environment.get_template("page.html.jinja").render(
        title=title,
        algorithm=algorithm,
        found=findings,
        origin=origin,
        style=_style_sheet(),
        charts=draw_charts(findings),
        cards=[lay_out_card(user, findings.close_up) for user in findings.close_up.users],
        total=_totals(findings),
    )


def draw_charts(found: Findings) -> dict[str, Chart]:
    """The figures that there are rows for, by name."""
    drawn = {}
    if found.loads:
        drawn["intake"] = chart_intake(found.loads)
    if found.activity:
        present = {row["event_type"] for row in found.activity}
        types = [row["event_type"] for row in found.types]
        types += sorted({OTHER} & present - set(types))
        drawn["activity"] = chart_activity(found.activity, types, found.unit)
    if found.item_sizes:
        drawn["long_tail"] = chart_long_tail(found.item_sizes)
    if found.matrix["n_cells"]:
        drawn["matrix"] = chart_matrix(found.matrix)
        drawn["user_sizes"] = chart_user_sizes(found.user_sizes)
    if found.distances:
        drawn["distances"] = chart_distances(found.distances)
    if found.reach_sizes:
        drawn["reach"] = chart_reach(found.reach_sizes, found.matrix["n_items"])
    return drawn


def lay_out_card(user_id: str, close_up: CloseUp) -> Card:
    """What the page shows of one customer; a neighbour keeps her colour on the whole card."""
    facts, history, suggestions, near = (
        [row for row in rows if row["user_id"] == user_id]
        for rows in (close_up.facts, close_up.history, close_up.suggestions, close_up.neighbors)
    )
    roles = {row["neighbor_id"]: f"series-{min(row['rank'], 6)}" for row in near}
    return Card(
        user_id,
        facts[0] if facts else None,
        history,
        near,
        [(row, _reasons(row, roles)) for row in suggestions],
        roles,
    )


def _reasons(suggestion: Row, roles: dict[str, str]) -> list[Reason]:
    total = sum(abs(reason["contribution"]) for reason in suggestion["reasons"])
    return [
        Reason(
            reason,
            abs(reason["contribution"]) / total if total else 0.0,
            roles.get(reason["id"], "series-6"),
        )
        for reason in suggestion["reasons"]
    ]


def _totals(findings: Findings) -> dict[str, int]:
    """What the headline and the checks need, summed over the small frames."""
    by_origin = {row["origin"]: row["n_recommendations"] for row in findings.recommendations}
    return {
        "n_accepted": sum(row["n_accepted"] for row in findings.loads),
        "n_items": sum(row["n_groups"] for row in findings.item_sizes),
        "n_recommendations": sum(by_origin.values()),
        "n_personal": by_origin.get("neighbors", 0),
        "n_reached": sum(row["n_groups"] for row in findings.reach_sizes),
    }


def _style_sheet() -> Markup:
    return Markup(files("cxspark.report").joinpath("page.css").read_text("utf-8"))
