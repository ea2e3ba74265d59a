"""The segments of the run before, and the moves since."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.contracts.segments import SEGMENT_MOVES, SEGMENTS
from cxspark.runtime.tables import Tables
from cxspark.segmentation.stability import aggregate_moves, measure_agreement

_COMMITS = 200


@dataclass(frozen=True)
class Moves:
    """What changed since the run before.

    Attributes:
        rows: of ``SEGMENT_MOVES``.
        from_as_of: the instant before.
        adjusted_rand: of the customers in both; None where there are none.
    """

    rows: DataFrame
    from_as_of: datetime
    adjusted_rand: float | None


def measure_moves(
    tables: Tables, segments: DataFrame, *, source: str, as_of: datetime
) -> Moves | None:
    """The moves since the newest run of an earlier instant; None where there is none.

    A run again of the same instant compares with the same run as the first time, for as long as
    the table keeps its former versions; after that it's a warning. What the source's newest run
    wrote is in the table now.
    """
    commits = tables.history(SEGMENTS, limit=_COMMITS)
    ours = [commit for commit in commits if commit.facts.get("source") == source]
    for commit in ours:
        before_at = datetime.fromisoformat(commit.facts["as_of"])
        if before_at < as_of:
            version = commits[0].version if commit is ours[0] else commit.version
            try:
                before = tables.read(SEGMENTS, version=tables.kept(SEGMENTS, version))
            except ContractError as error:
                tables.warn(f"no moves: {error}")
                return None
            found = aggregate_moves(before.where(F.col("source") == F.lit(source)), segments)
            # A row for each pair of segments, needed twice.
            moves = tables.spark.createDataFrame(found.collect(), found.schema)
            agreement = measure_agreement(moves).collect()[0]["adjusted_rand"]
            rows = moves.select(
                F.lit(source).alias("source"),
                "from_segment",
                "to_segment",
                "n_users",
                "share",
                F.lit(before_at).alias("from_as_of"),
                F.lit(as_of).alias("to_as_of"),
            )
            return Moves(rows.select(*SEGMENT_MOVES.columns), before_at, agreement)
    return None


def timestamp(instant: datetime) -> str:
    """The instant as a literal of SQL."""
    return f"TIMESTAMP '{instant.astimezone(UTC).isoformat()}'"
