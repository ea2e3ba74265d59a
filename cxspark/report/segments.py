"""What the report tells of clusters and segments: small frames, and how they are laid out."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.window import Window

# Colours there are for segments; those beyond are drawn alike.
_N_ROLES = 6


@dataclass(frozen=True)
class Segmentation:
    """Rows about clusters and segments, of all sources; nothing where there are none.

    Attributes:
        trials: of gold.cluster_trials.
        runs: `select_newest` of gold.segment_runs.
        profiles: of gold.segment_profiles.
        moves: `select_newest` of gold.segment_moves.
        strategies: `aggregate_strategies`.
    """

    trials: Sequence[Row] = ()
    runs: Sequence[Row] = ()
    profiles: Sequence[Row] = ()
    moves: Sequence[Row] = ()
    strategies: Sequence[Row] = ()


@dataclass(frozen=True)
class Segment:
    """One segment.

    Attributes:
        name: its name.
        role: its colour.
        n_users, share_users: its customers, and their part of all.
        share_value: their part of the value; None where it isn't known.
        strategy: what to do for them.
        reasons: why its clusters are called so.
        deviations: feature -> its mean, in standard deviations from all customers'.
    """

    name: str
    role: str
    n_users: int
    share_users: float
    share_value: float | None
    strategy: str
    reasons: Sequence[str]
    deviations: dict[str, float]


@dataclass(frozen=True)
class Section:
    """One source's clusters and segments.

    Attributes:
        source: its name.
        place: among the sources, from 0.
        trials: of K-Means, the best of each k, by k.
        chosen: the trial that was chosen; None without trials.
        run: how the segments were made; None without segments.
        segments: the largest first.
        moves: since the run before.
    """

    source: str
    place: int
    trials: Sequence[Row]
    chosen: Row | None
    run: Row | None
    segments: Sequence[Segment]
    moves: Sequence[Row]


def select_newest(rows: DataFrame, *, by: str) -> DataFrame:
    """The rows of each source's latest instant.

    Args:
        rows: with a column source; every column is kept.
        by: the column of instants.
    """
    latest = F.max(by).over(Window.partitionBy("source"))
    kept = rows.withColumn("latest", latest).where(F.col(by) == F.col("latest"))
    return kept.select(*rows.columns)


def aggregate_strategies(segments: DataFrame) -> DataFrame:
    """One row per source x segment x cluster: strategy, reason. One shuffle of these alone."""
    keys = ["source", "segment", "cluster"]
    told = segments.groupBy(*keys).agg(
        F.first("strategy").alias("strategy"), F.first("reason").alias("reason")
    )
    return told.select(*keys, "strategy", "reason")


def lay_out_sections(found: Segmentation) -> list[Section]:
    """The sources that have clusters or segments, by name."""
    sources = sorted({row["source"] for row in (*found.trials, *found.runs)})
    return [_lay_out(found, source, place) for place, source in enumerate(sources)]


def _lay_out(found: Segmentation, source: str, place: int) -> Section:
    trials = _of(found.trials, source)
    run = next(iter(_of(found.runs, source)), None)
    best: dict[int, Row] = {}
    for row in sorted(trials, key=lambda one: (one["k"], one["sse"], one["seed"])):
        best.setdefault(row["k"], row)
    return Section(
        source=source,
        place=place,
        trials=list(best.values()),
        chosen=next((row for row in trials if row["is_chosen"]), None),
        run=run,
        segments=_segments(found, source, run["value_feature"] if run else None),
        moves=_of(found.moves, source),
    )


def _segments(found: Segmentation, source: str, value: str | None) -> list[Segment]:
    profiles, strategies = _of(found.profiles, source), _of(found.strategies, source)
    sizes = {row["segment"]: (row["n_users"], row["share_users"]) for row in profiles}
    order = sorted(sizes, key=lambda name: (-sizes[name][0], name))
    segments = []
    for place, name in enumerate(order):
        rows = [row for row in profiles if row["segment"] == name]
        told = sorted(
            (row for row in strategies if row["segment"] == name), key=lambda row: row["cluster"]
        )
        segments.append(
            Segment(
                name=name,
                role=f"series-{min(place + 1, _N_ROLES)}",
                n_users=sizes[name][0],
                share_users=sizes[name][1],
                share_value=next((r["share_total"] for r in rows if r["feature"] == value), None),
                strategy=told[0]["strategy"] if told else "",
                reasons=[row["reason"] for row in told],
                deviations={
                    row["feature"]: row["deviation"] for row in rows if row["deviation"] is not None
                },
            )
        )
    return segments


def _of(rows: Sequence[Row], source: str) -> list[Row]:
    return [row for row in rows if row["source"] == source]
