"""Build the user-item matrix and the id dictionaries, or merge the newest events into them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.keeping import keep, release
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX, USER_ITEM
from cxspark.matrix.index import assign_index
from cxspark.matrix.settings import BuildUserItemSettings
from cxspark.matrix.user_item import aggregate_user_item, merge_cells, reference_instant
from cxspark.runtime.run import Commit
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates


@dataclass(frozen=True)
class Intake:
    """The events to take in: those since a version, or all of them where that is None."""

    events: DataFrame
    since: int | None
    reference_at: datetime | None


def run(spark: SparkSession, settings: BuildUserItemSettings, tables: Tables) -> None:  # noqa: ARG001
    """Take in the events that the matrix doesn't hold yet.

    An increment costs what the increment costs; after a change of settings, a deletion of events or
    with a new epoch of decay the matrix is rebuilt. Either way the result is the same, to the row.
    """
    events_id = tables.identity(SILVER_EVENTS)
    intake = _increment(settings, tables, events_id) or _everything(settings, tables)
    if intake.since == tables.version(SILVER_EVENTS):
        return
    cells = keep(
        aggregate_user_item(
            intake.events,
            weights=settings.weights,
            other_weight=settings.other_weight,
            half_life_days=settings.half_life_days,
            reference_at=intake.reference_at,
        )
    )
    facts = {
        "events_id": events_id,
        "reference_at": intake.reference_at and intake.reference_at.isoformat(),
        "half_life_days": settings.half_life_days,
    }
    # The matrix comes last: its commit says which events are in, and so that their ids are.
    if intake.since is None:
        _merge_dictionaries(cells, tables)
        tables.overwrite(USER_ITEM, cells, facts=facts)
    else:
        merged = keep(merge_cells(cells, tables.read(USER_ITEM)))
        tables.side_by_side(merged.count, partial(_merge_dictionaries, cells, tables))
        tables.merge(USER_ITEM, merged, facts=facts)
        release(merged)
    release(cells)


def _merge_dictionaries(cells: DataFrame, tables: Tables) -> None:
    """Give the ids that are new the integers that follow on.

    One dictionary after the other, so that of two runs at once one gets through.
    """
    for dictionary in (USER_INDEX, ITEM_INDEX):
        known = tables.read_or_empty(dictionary)
        tables.merge(dictionary, assign_index(cells, known, dictionary=dictionary))


def _last_build(settings: BuildUserItemSettings, tables: Tables, events_id: str) -> Commit | None:
    """The commit that the matrix's rows are of; None where nothing can be added to them."""
    last = next((one for one in tables.commits(USER_ITEM, limit=100) if one.changes_rows), None)
    if last is None or settings.rebuild:
        return None
    if last.job != STEP.name:
        tables.warn(f"{USER_ITEM.name} was changed by others ({last.operation}): built anew")
        return None
    if last.config_hash != tables.run.config_hash:
        return None
    if last.facts.get("events_id") != events_id:
        tables.warn(f"{SILVER_EVENTS.name} is another table than it was built of: built anew")
        return None
    return last


def _increment(settings: BuildUserItemSettings, tables: Tables, events_id: str) -> Intake | None:
    """The events since the last build; None where they can't simply be added to it."""
    last = _last_build(settings, tables, events_id)
    if last is None:
        return None
    since = last.inputs[SILVER_EVENTS.name]
    changes = tables.read_changes(SILVER_EVENTS, since=since)
    if changes is None:
        tables.warn(
            f"{SILVER_EVENTS.name} has its changes since version {since} no longer: built anew"
        )
        return None
    found = changes.agg(
        F.unix_micros(F.max("event_at")).alias("newest"),
        F.coalesce(F.bool_and(F.col("_change_type") == "insert"), F.lit(True)).alias("only_new"),
    ).collect()[0]
    if not found["only_new"]:
        tables.warn(f"{SILVER_EVENTS.name} lost rows since version {since}: built anew")
        return None
    before = last.facts["reference_at"] and datetime.fromisoformat(last.facts["reference_at"])
    reference_at = _reference(settings, found["newest"])
    if before and reference_at and reference_at > before:
        return None
    return Intake(changes, since, before)


def _everything(settings: BuildUserItemSettings, tables: Tables) -> Intake:
    events = tables.read(SILVER_EVENTS)
    newest = None
    if settings.half_life_days is not None:
        newest = events.agg(F.unix_micros(F.max("event_at")).alias("newest")).collect()[0]["newest"]
    return Intake(events, None, _reference(settings, newest))


def _reference(settings: BuildUserItemSettings, newest: int | None) -> datetime | None:
    """The instant of decay, given the newest event in microseconds since 1970."""
    if settings.half_life_days is None or newest is None:
        return None
    newest_at = datetime.fromtimestamp(newest / 1e6, UTC)
    return reference_instant(newest_at, half_life_days=settings.half_life_days)


STEP = Step(
    name="build_user_item",
    summary="events -> user-item matrix and id dictionaries, by increments",
    settings=BuildUserItemSettings,
    reads=(SILVER_EVENTS,),
    writes=(USER_ITEM, USER_INDEX, ITEM_INDEX),
    run=run,
    rows=estimates.row_for_row(
        (USER_ITEM, SILVER_EVENTS), (USER_INDEX, SILVER_EVENTS), (ITEM_INDEX, SILVER_EVENTS)
    ),
)
