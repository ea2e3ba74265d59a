"""Which customers are how far apart: each set of distances in a row, the small ones whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.distances import DISTANCES

# What tells one set of distances from another.
KEYS = ("source", "mode", "metric", "scale")

_BETWEEN = {
    "all_pairs": "every pair of customers",
    "between": "customers of one set and of another",
    "to_mean": "customers and the mean of their group",
    "nearest": "customers and those nearest to them",
}
_SCALED = {"none": "", "standard": ", features standardised", "minmax": ", features from 0 to 1"}


@dataclass(frozen=True)
class Comparison:
    """One set of distances.

    Attributes:
        summary: its row of `summarize_distances`.
        cells: its rows of `select_small`; none where it is too large for a picture.
    """

    summary: Row
    cells: Sequence[Row] = ()

    @property
    def between(self) -> str:
        """Whose distances they are, in a few words."""
        return _BETWEEN[self.summary["mode"]]

    @property
    def measure(self) -> str:
        """What they are measured by, in a few words."""
        return f"{self.summary['metric']}{_SCALED[self.summary['scale']]}"


def summarize_distances(distances: DataFrame) -> DataFrame:
    """What there is to tell of each set of distances.

    Args:
        distances: gold.distances.

    Returns:
        One row per source x mode x metric x scale, in that order: n_from and n_to (whose and to
        whom), n_distances, mean, and nearest and farthest: distance, from_id and to_id of the least
        and of the greatest, ties by these ids.

    Cost: one shuffle of the distinct ids of each set.
    """
    require_columns(distances, DISTANCES)
    pair = F.struct("distance", "from_id", "to_id")
    return (
        distances.groupBy(*KEYS)
        .agg(
            F.count_distinct("from_id").alias("n_from"),
            F.count_distinct("to_id").alias("n_to"),
            F.count("*").alias("n_distances"),
            F.mean("distance").alias("mean"),
            F.min(pair).alias("nearest"),
            F.max(pair).alias("farthest"),
        )
        .orderBy(*KEYS)
        .select(*KEYS, "n_from", "n_to", "n_distances", "mean", "nearest", "farthest")
    )


def select_small(distances: DataFrame, *, n: int) -> DataFrame:
    """The distances of the sets that a picture has room for; of the nearest alone there is none.

    Args:
        distances: gold.distances.
        n: customers, or groups, that there may be on either side.

    Returns:
        One row per source x mode x metric x scale x from_id x to_id: these and the distance; at
        most n x n a set.

    Cost: `summarize_distances`, whose rows are broadcast, and one pass more.
    """
    fits = (F.col("n_from") <= n) & (F.col("n_to") <= n) & (F.col("mode") != "nearest")
    small = summarize_distances(distances).where(fits).select(*KEYS)
    return distances.join(F.broadcast(small), list(KEYS), "left_semi").select(
        *KEYS, "from_id", "to_id", "distance"
    )


def group_comparisons(summaries: Sequence[Row], cells: Sequence[Row]) -> list[Comparison]:
    """One comparison per summary, in their order, each with its own cells."""
    return [
        Comparison(one, [cell for cell in cells if all(cell[key] == one[key] for key in KEYS)])
        for one in summaries
    ]
