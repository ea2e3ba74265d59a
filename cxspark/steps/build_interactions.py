"""Build the features of what each user did with each item, as of an instant."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.matrix.interactions import build_interactions
from cxspark.matrix.settings import BuildInteractionsSettings
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates


def run(spark: SparkSession, settings: BuildInteractionsSettings, tables: Tables) -> None:  # noqa: ARG001
    """Build the table whole: recency, decay and the cap of a user change with any event.

    The instant is the newest event's rather than the clock's: run again, it gives the same rows.
    """
    tables.watch(*STEP.writes)
    events = tables.read(SILVER_EVENTS)
    reference_at = settings.at or _newest(events) or tables.run.started_at
    interactions = build_interactions(
        events, reference_at=reference_at, **settings.model_dump(exclude={"at"})
    )
    facts = {"reference_at": reference_at.isoformat()}
    tables.overwrite(INTERACTIONS, interactions, facts=facts)


def _newest(events: DataFrame) -> datetime | None:
    """The newest event's instant; None where there is no event."""
    newest = events.agg(F.unix_micros(F.max("event_at")).alias("newest")).collect()[0]["newest"]
    # Whole microseconds: an instant that lost one would leave out the newest event.
    return None if newest is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(0, 0, newest)


STEP = Step(
    name="build_interactions",
    summary="events -> features per user and item: share watched, marks, decayed and capped weight",
    settings=BuildInteractionsSettings,
    reads=(SILVER_EVENTS,),
    writes=(INTERACTIONS,),
    run=run,
    rows=estimates.row_for_row((INTERACTIONS, SILVER_EVENTS)),
)
