"""The four ways in which a job takes distances, each from points to ``DISTANCE_ROWS``."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.features import FeatureNames
from cxspark.distance.blocks import count_blocks, pack_points
from cxspark.distance.pairs import DISTANCE_ROWS, distances_to_means, pair_blocks
from cxspark.distance.points import filter_complete, points_of
from cxspark.distance.search import nearest_blocks, unpack_nearest
from cxspark.distance.settings import ComputeDistancesSettings, Others
from cxspark.distance.space import Space


@dataclass(frozen=True)
class Sets:
    """Whose distances are taken.

    Attributes:
        first: features of the first set (``FEATURE_ROWS``).
        second: of the second; where there is none, the first.
        names: what the arrays hold.
        n_first: of the first set, customers who have all numbers.
        n_second: the same of the second.
    """

    first: DataFrame
    second: DataFrame
    names: FeatureNames
    n_first: int
    n_second: int


def split_sets(rows: DataFrame, names: FeatureNames, others: Others) -> tuple[DataFrame, DataFrame]:
    """The customers who aren't among the others, and those who are; others by users or category.

    Raises:
        ConfigError: there is no such category.
    """
    if others.users:
        is_other = F.col("user_id").isin(*others.users)
    else:
        place = place_of(names, str(others.category), "others.category")
        is_other = F.get("categories", F.lit(place)).eqNullSafe(F.lit(others.value))
    return rows.where(~is_other).select(*rows.columns), rows.where(is_other).select(*rows.columns)


def place_of(names: FeatureNames, category: str, setting: str) -> int:
    """Where a category stands in the arrays.

    Raises:
        ConfigError: it isn't among them.
    """
    if category not in names.categories:
        raise ConfigError(
            setting,
            f"a category: {', '.join(names.categories) or 'there are none'}",
            category,
            "correct the name, or add it to features.categories",
        )
    return list(names.categories).index(category)


def filter_grouped(rows: DataFrame, names: FeatureNames, group_by: str) -> DataFrame:
    """The customers whose group is known.

    Raises:
        ConfigError: there is no such category.
    """
    place = place_of(names, group_by, "group_by")
    return rows.where(F.get("categories", F.lit(place)).isNotNull()).select(*rows.columns)


def require_customers(sets: Sets) -> None:
    """Refuse to compare with nobody.

    Raises:
        ConfigError: a set has no customers who have all numbers.
    """
    if not sets.n_first or not sets.n_second:
        raise ConfigError(
            "compute_distances.others",
            "customers who have all numbers, in both sets",
            f"{sets.n_first} in the first, {sets.n_second} in the second",
            "correct the list or the value; values of categories are compared as they are written",
        )


def _all_pairs(sets: Sets, space: Space, settings: ComputeDistancesSettings) -> DataFrame:
    _require_few(sets.n_first * (sets.n_first - 1) // 2, settings)
    blocks = _packed(sets.first, sets.n_first, space, settings)
    return pair_blocks(blocks, blocks, same=True)


def _between(sets: Sets, space: Space, settings: ComputeDistancesSettings) -> DataFrame:
    _require_few(sets.n_first * sets.n_second, settings)
    return pair_blocks(
        _packed(sets.first, sets.n_first, space, settings),
        _packed(sets.second, sets.n_second, space, settings),
    )


def _to_mean(sets: Sets, space: Space, settings: ComputeDistancesSettings) -> DataFrame:
    group = F.lit("all")
    if settings.group_by is not None:
        place = place_of(sets.names, settings.group_by, "group_by")
        group = F.get("categories", F.lit(place))
    points = sets.first.select(
        F.col("user_id").alias("row_id"), F.col("numbers").alias("values"), group.alias("group")
    )
    return distances_to_means(filter_complete(points), space=space)


def _nearest(sets: Sets, space: Space, settings: ComputeDistancesSettings) -> DataFrame:
    n_blocks = count_blocks(sets.n_first, block_rows=settings.block_rows)
    blocks = _packed(sets.first, sets.n_first, space, settings)
    nearest = nearest_blocks(blocks, blocks, k=settings.k, n_blocks=n_blocks, same=True)
    return (
        unpack_nearest(nearest)
        .withColumnsRenamed({"row_id": "from_id", "neighbor_id": "to_id"})
        .select(*DISTANCE_ROWS.columns)
    )


MODES: dict[str, Callable[[Sets, Space, ComputeDistancesSettings], DataFrame]] = {
    "all_pairs": _all_pairs,
    "between": _between,
    "to_mean": _to_mean,
    "nearest": _nearest,
}
"""By the setting's value. They raise ConfigError: too many pairs, or no such category."""


def _packed(
    rows: DataFrame, n_rows: int, space: Space, settings: ComputeDistancesSettings
) -> DataFrame:
    n_blocks = count_blocks(n_rows, block_rows=settings.block_rows)
    return pack_points(filter_complete(points_of(rows)), n_blocks=n_blocks, space=space)


def _require_few(n_pairs: int, settings: ComputeDistancesSettings) -> None:
    if n_pairs > settings.max_pairs:
        raise ConfigError(
            "compute_distances.max_pairs",
            f"at most {settings.max_pairs:,} rows by mode {settings.mode}",
            f"{n_pairs:,} pairs",
            "use mode=nearest, which keeps the k nearest of each, or raise max_pairs",
        )
