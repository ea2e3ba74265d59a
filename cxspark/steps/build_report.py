"""Write the report: one HTML page of what came in, who did what, and what is suggested to whom."""

from collections.abc import Sequence
from errno import ENOSYS, EOPNOTSUPP
from pathlib import Path
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from cxspark import __version__
from cxspark.contracts.errors import ConfigError
from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.events import LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS
from cxspark.ingest.reasons import CUSTOMER_REASONS, REASONS
from cxspark.report import customers, evaluations, intake, spread
from cxspark.report.findings import CloseUp, Evaluation, Findings, Origin
from cxspark.report.page import render_page
from cxspark.report.settings import BuildReportSettings
from cxspark.runtime.location import Location
from cxspark.runtime.step import Inputs, Step
from cxspark.runtime.tables import Tables
from cxspark.steps.analytics import (
    ANALYTICS_TABLES,
    collect_confusions,
    collect_studies,
    compare_customers,
    look_at_value,
    read_segmentation,
)
from cxspark.steps.evaluate_recommenders import newest_run

_MEANINGS = {
    name: (reason.meaning, reason.remedy) for name, reason in (REASONS | CUSTOMER_REASONS).items()
}


def run(spark: SparkSession, settings: BuildReportSettings, tables: Tables) -> None:  # noqa: ARG001
    """Aggregate in Spark, collect the small frames, write the page whole or not at all."""
    target = page_path(settings, tables.location)
    events, cells = tables.read_or_empty(SILVER_EVENTS), tables.read_or_empty(USER_ITEM)
    suggested = tables.read_or_empty(RECOMMENDATIONS)
    neighbors, offers = (
        spread.filter_algorithm(frame, algorithm=settings.algorithm)
        for frame in (tables.read_or_empty(USER_NEIGHBORS), suggested)
    )
    (summary,) = intake.aggregate_events(events).collect()
    types = intake.rank_event_types(events, n=5).collect()
    unit = intake.period_unit(summary["first_day"], summary["last_day"])
    named = [row["event_type"] for row in types]
    recommended = spread.rank_recommended(offers, n=8).collect()
    users = settings.customers or pick_users(offers, cells, n=settings.n_customers)
    close_up = look_closely(users, settings.n_items, events, cells, neighbors, suggested)
    shown = {row["item_id"] for row in (*recommended, *close_up.history, *close_up.suggestions)}
    shown |= {reason["id"] for row in close_up.suggestions for reason in row["reasons"]}
    titles = customers.name_items(events, items=sorted(shown))
    findings = Findings(
        loads=intake.aggregate_loads(tables.read_or_empty(LOADS)).collect(),
        reasons=intake.rank_reasons(
            tables.read_or_empty(QUARANTINE), n=settings.n_reasons
        ).collect(),
        meanings=_MEANINGS,
        events=summary,
        types=types,
        activity=intake.aggregate_activity(events, unit=unit, types=named).collect(),
        unit=unit,
        item_sizes=spread.aggregate_group_sizes(events, by="item_id").collect(),
        user_sizes=spread.aggregate_group_sizes(cells, by="user_id").collect(),
        reach_sizes=spread.aggregate_group_sizes(offers, by="item_id").collect(),
        matrix=spread.aggregate_matrix(cells).collect()[0],
        distances=spread.aggregate_distances(neighbors, n_bins=32).collect(),
        recommendations=spread.aggregate_recommendations(offers).collect(),
        recommended=recommended,
        evaluation=newest_evaluation(tables),
        studies=collect_studies(tables),
        value=look_at_value(tables),
        comparisons=compare_customers(tables, n=settings.n_compared),
        confusions=collect_confusions(tables),
        close_up=close_up,
        segmentation=read_segmentation(tables),
        names={row["item_id"]: row["item_name"] for row in titles.collect()},
    )
    page = render_page(
        findings, origin_of(tables), title=settings.title, algorithm=settings.algorithm
    )
    write_whole(target, page)


def origin_of(tables: Tables) -> Origin:
    """Which run the page is of, and what that read."""
    return Origin(
        made_at=tables.run.started_at,
        run_id=tables.run.run_id,
        versions=tables.run.inputs,
        program=f"cxspark {__version__}",
    )


def pick_users(offers: DataFrame, cells: DataFrame, *, n: int) -> list[str]:
    """The customers to look at where none are asked for."""
    picked = customers.pick_customers(offers, cells, n=n)
    return [row["user_id"] for row in picked.collect()]


def look_closely(  # noqa: PLR0917 - tables, in the order of the page
    users: Sequence[str],
    n_items: int,
    events: DataFrame,
    cells: DataFrame,
    neighbors: DataFrame,
    suggested: DataFrame,
) -> CloseUp:
    """A few customers in detail."""
    return CloseUp(
        users=users,
        facts=customers.describe_customers(cells, users=users).collect(),
        history=customers.rank_history(cells, events, users=users, n=n_items).collect(),
        suggestions=customers.select_recommendations(suggested, users=users, n=n_items).collect(),
        neighbors=customers.compare_neighbors(neighbors, cells, users=users).collect(),
    )


def newest_evaluation(tables: Tables) -> Evaluation:
    """What the run found out that was the last to write the models' metrics; nothing if none was.

    The table's history tells which it was: also of a run that its quality gate failed afterwards.
    """
    metrics, trials = tables.read_or_empty(MODEL_METRICS), tables.read_or_empty(MODEL_TRIALS)
    newest = newest_run(tables, MODEL_METRICS)
    if newest is None:
        return Evaluation()
    return Evaluation(
        metrics=evaluations.select_metrics(metrics, run_id=newest.run_id).collect(),
        trials=evaluations.summarize_trials(trials, run_id=newest.run_id).collect(),
    )


def page_path(settings: BuildReportSettings, location: Location) -> Path:
    """Where the page goes: a local file.

    Raises:
        ConfigError: the tables' root isn't a local folder, and no path is given.
    """
    if settings.output is not None:
        return Path(settings.output)
    root = (location.root or "").removeprefix("file://")
    if not root or ":/" in root:
        raise ConfigError(
            "build_report.output",
            "a local path, as the tables aren't in a local folder",
            "none",
            "pass --set build_report.output=report.html",
        )
    return Path(root) / "report" / "index.html"


def write_whole(target: Path, text: str) -> None:
    """Replace the file in one step, so that a reader, or a kill, never meets half a page.

    Databricks' volumes can't rename: there the file is an object, put in place whole when closed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".report-{uuid4().hex}")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(target)
    except OSError as error:
        if error.errno not in {ENOSYS, EOPNOTSUPP}:
            raise
        target.write_text(text, "utf-8")
    finally:
        draft.unlink(missing_ok=True)


_READS = (SILVER_EVENTS, QUARANTINE, LOADS, USER_ITEM, USER_NEIGHBORS, RECOMMENDATIONS)
_READS_TOO = (MODEL_METRICS, MODEL_TRIALS, *ANALYTICS_TABLES)

STEP = Step(
    name="build_report",
    summary="all tables -> one self-contained HTML page",
    settings=BuildReportSettings,
    reads=_READS,
    writes=(),
    optional=_READS_TOO,
    # Of what isn't there the page says nothing.
    inputs=lambda _: Inputs(optional=(*_READS, *_READS_TOO)),
    run=run,
)
