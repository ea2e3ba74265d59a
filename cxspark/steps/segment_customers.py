"""Segment customers: clusters of how they spend and what they have, with names and strategies."""

from datetime import datetime
from functools import partial

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS, FEATURE_TABLES, SNAPSHOTS
from cxspark.contracts.keeping import keep, release
from cxspark.contracts.segments import SEGMENT_MOVES, SEGMENT_PROFILES, SEGMENT_RUNS, SEGMENTS
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Inputs, Step
from cxspark.runtime.tables import Tables
from cxspark.segmentation.cluster_rows import list_centers
from cxspark.segmentation.clusters import Trial, assign_clusters, fit_trials
from cxspark.segmentation.naming import NAMES, name_clusters
from cxspark.segmentation.profiles import profile_segments
from cxspark.segmentation.scaling import Scaler
from cxspark.segmentation.settings import SegmentCustomersSettings
from cxspark.steps import estimates
from cxspark.steps.habits import read_known, taken_in_at, write_habits
from cxspark.steps.points import fit_scaler
from cxspark.steps.segment_history import Moves, measure_moves, timestamp


def run(spark: SparkSession, settings: SegmentCustomersSettings, tables: Tables) -> None:
    """Derive and read features, cluster, name the clusters, compare with the run before."""
    tables.watch(*STEP.writes)
    habits_at = None
    if settings.habits is not None:
        habits_at = write_habits(tables, settings.habits, as_of=settings.as_of)
    features = read_known(tables, has_habits=habits_at is not None, customers=settings.customers)
    names, source = features.names.numbers, features.source
    as_of = habits_at or settings.as_of or taken_in_at(tables, source)
    scaler = Scaler(names, by=settings.by, log=settings.log, weights=settings.weights)
    points = keep(fit_scaler(tables, features, scaler).transform(features.rows))
    trials = fit_trials(
        points,
        ks=[settings.k],
        seeds=settings.seeds,
        iterations=settings.iterations,
        tolerance=settings.tolerance,
    )
    best = min(trials, key=lambda one: one.sse)
    if best.n_clusters < settings.k:
        tables.warn(f"{best.n_clusters} clusters found instead of {settings.k}")
    named = name_clusters(list_centers(best, scaler, source=source), settings.rules)
    segments = keep(
        assign_clusters(points, best.centres)
        .join(F.broadcast(spark.createDataFrame(named, NAMES)), "cluster")
        .withColumns({"source": F.lit(source), "as_of": F.lit(as_of)})
        .select(*SEGMENTS.columns)
    )
    profiles = profile_segments(segments, features.rows, names=names)
    profiles = profiles.withColumns({"source": F.lit(source), "as_of": F.lit(as_of)})
    moves = measure_moves(tables, segments, source=source, as_of=as_of)
    told = _run_row(settings, tables, best, scaler, moves, source=source, as_of=as_of)
    ours = f"source = {quoted(source)}"
    facts = {"source": source, "as_of": as_of.isoformat()}
    run_row = spark.createDataFrame([told], SEGMENT_RUNS.schema)
    write = partial(tables.overwrite, part=source)
    tables.side_by_side(
        partial(write, SEGMENTS, segments, where=ours, facts=facts),
        partial(write, SEGMENT_PROFILES, profiles, where=ours),
        partial(write, SEGMENT_RUNS, run_row, where=f"{ours} AND as_of = {timestamp(as_of)}"),
        partial(write, SEGMENT_MOVES, moves.rows, where=f"{ours} AND to_as_of = {timestamp(as_of)}")
        if moves
        else partial(tables.create, SEGMENT_MOVES),
    )
    release(segments, points)


def _run_row(
    settings: SegmentCustomersSettings,
    tables: Tables,
    trial: Trial,
    scaler: Scaler,
    moves: Moves | None,
    *,
    source: str,
    as_of: datetime,
) -> Row:
    """What `SEGMENT_RUNS` keeps of this run."""
    return Row(
        source=source,
        as_of=as_of,
        run_id=tables.run.run_id,
        k=trial.n_clusters,
        n_users=scaler.n_users_,
        n_left_out=scaler.n_incomplete_,
        sse=trial.sse,
        silhouette=trial.silhouette,
        davies_bouldin=trial.davies_bouldin,
        value_feature=settings.value,
        from_as_of=moves.from_as_of if moves else None,
        adjusted_rand=moves.adjusted_rand if moves else None,
    )


def read_for(settings: SegmentCustomersSettings) -> Inputs:
    """Habits are derived from events, and written before features are read."""
    known = FEATURE_TABLES[settings.customers.table] if settings.customers else None
    if settings.habits is None:
        return Inputs((known,) if known else (), (SNAPSHOTS,))
    return Inputs((SILVER_EVENTS, CUSTOMERS) if known == CUSTOMERS else (SILVER_EVENTS,))


STEP = Step(
    name="segment_customers",
    summary="events and customers' features -> segments with names, strategies, profiles and moves",
    settings=SegmentCustomersSettings,
    reads=(),
    writes=(CUSTOMER_FEATURES, SEGMENTS, SEGMENT_PROFILES, SEGMENT_MOVES, SEGMENT_RUNS),
    run=run,
    rows=estimates.segmented,
    optional=(SILVER_EVENTS, CUSTOMERS, SNAPSHOTS),
    inputs=read_for,
)
