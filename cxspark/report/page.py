"""Findings to one self-contained HTML page."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cxspark.report.board import Board, lay_out_board
from cxspark.report.board_charts import chart_cost, chart_groups, chart_quality
from cxspark.report.cards import lay_out_card
from cxspark.report.confusion_charts import chart_confusion
from cxspark.report.customer_value import MODELS, verdict
from cxspark.report.customer_value_charts import draw_value, span
from cxspark.report.distance_charts import chart_map
from cxspark.report.drawing import Chart
from cxspark.report.findings import Findings, Origin
from cxspark.report.intake import OTHER
from cxspark.report.intake_charts import chart_activity, chart_intake
from cxspark.report.models import goes_by
from cxspark.report.segment_charts import draw_section
from cxspark.report.segments import lay_out_sections
from cxspark.report.spread_charts import (
    chart_distances,
    chart_long_tail,
    chart_matrix,
    chart_reach,
    chart_user_sizes,
)
from cxspark.report.studies import Study
from cxspark.report.study_charts import chart_gains, chart_precision, chart_tree
from cxspark.report.wording import (
    counted,
    day,
    decimal,
    fixed,
    instant,
    metric,
    percent,
    signed,
    whole,
)

_WORDING = (counted, day, decimal, fixed, goes_by, instant, metric, percent, signed, whole)
_OF_VALUE = (span, verdict)


def render_page(findings: Findings, origin: Origin, *, title: str, algorithm: str) -> str:
    """The report as HTML.

    It needs no network, runs no script and loads nothing: the style sheet and the figures are in
    it. Every text that comes from a table is escaped. A section without rows says what to run. The
    same findings and origin give the same page, to the byte.

    Args:
        findings: what is told.
        origin: where it comes from.
        title: the headline.
        algorithm: the recommender whose neighbours are shown and whose recommendations are counted.
    """
    board = lay_out_board(findings.evaluation.metrics, findings.evaluation.trials)
    sections = lay_out_sections(findings.segmentation)
    environment = Environment(
        loader=PackageLoader("cxspark.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        {function.__name__: function for function in (*_WORDING, *_OF_VALUE)}
    )
    return environment.get_template("page.html.jinja").render(
        title=title,
        algorithm=algorithm,
        found=findings,
        origin=origin,
        style=_style_sheet(),
        charts=draw_charts(findings, board),
        board=board,
        value_models=MODELS,
        sections=sections,
        section_charts={one.source: draw_section(one) for one in sections},
        cards=[
            lay_out_card(user, findings.close_up, findings.names)
            for user in findings.close_up.users
        ],
        studies=[
            (study, _draw_study(study, f"study-{place}"))
            for place, study in enumerate(findings.studies)
        ],
        compared=[
            (one, chart_map(one, f"distances-{place}") if one.cells else None)
            for place, one in enumerate(findings.comparisons)
        ],
        confusions=[
            chart_confusion(one, f"confusion-{place}")
            for place, one in enumerate(findings.confusions)
        ],
        total=_totals(findings),
    )


def draw_charts(found: Findings, board: Board | None) -> dict[str, Chart]:
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
    return drawn | _draw_board(board) | draw_value(found.value)


def _draw_board(board: Board | None) -> dict[str, Chart]:
    """The figures of the newest comparison of recommenders, if there was one."""
    if board is None:
        return {}
    drawn = {"quality": chart_quality(board)}
    if any(one.seconds is not None for one in board.standings):
        drawn["cost"] = chart_cost(board)
    if board.groups:
        drawn["groups"] = chart_groups(board)
    return drawn


def _draw_study(study: Study, name: str) -> dict[str, Chart]:
    """The figures that a study has rows for."""
    drawn = {}
    if study.gains:
        drawn["gains"] = chart_gains(study, f"{name}-gains")
    if study.curve:
        drawn["precision"] = chart_precision(study, f"{name}-precision")
    if study.rules:
        drawn["tree"] = chart_tree(study, f"{name}-tree")
    return drawn


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
