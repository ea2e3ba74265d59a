"""What the report reads of clusters and segments."""

from cxspark.contracts.clusters import CLUSTER_TRIALS
from cxspark.contracts.segments import SEGMENT_MOVES, SEGMENT_PROFILES, SEGMENT_RUNS, SEGMENTS
from cxspark.report.segments import Segmentation, aggregate_strategies, select_newest
from cxspark.runtime.tables import Tables

READS = (CLUSTER_TRIALS, SEGMENTS, SEGMENT_PROFILES, SEGMENT_MOVES, SEGMENT_RUNS)


def read_segmentation(tables: Tables) -> Segmentation:
    """The small frames, of all sources, each at its newest; nothing where no job has run."""
    moves, runs = tables.read_or_empty(SEGMENT_MOVES), tables.read_or_empty(SEGMENT_RUNS)
    return Segmentation(
        trials=tables.read_or_empty(CLUSTER_TRIALS).collect(),
        runs=select_newest(runs, by="as_of").collect(),
        profiles=tables.read_or_empty(SEGMENT_PROFILES).collect(),
        moves=select_newest(moves, by="to_as_of").collect(),
        strategies=aggregate_strategies(tables.read_or_empty(SEGMENTS)).collect(),
    )
