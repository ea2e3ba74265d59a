"""Names for clusters: the first rule that a cluster's centre meets."""

from collections.abc import Iterator, Sequence

from pyspark.sql import Row
from pyspark.sql.types import IntegerType, StringType, StructField, StructType

from cxspark.contracts.errors import ConfigError
from cxspark.segmentation.rules import Condition, NamingRule

NAMES = StructType(
    [
        StructField("cluster", IntegerType(), False),
        StructField("segment", StringType(), False),
        StructField("strategy", StringType(), False),
        StructField("reason", StringType(), False),
    ]
)
"""One row per cluster."""


def name_clusters(centers: Sequence[Row], rules: Sequence[NamingRule]) -> list[Row]:
    """The name of each cluster (`NAMES`).

    Every cluster gets one name. Two may get the same: they are one segment then.

    Args:
        centers: cluster, center, deviations (``CLUSTER_CENTERS``), the largest cluster first; of
            equally high or low ones the first has the rank.
        rules: in order; the last has no conditions.

    Raises:
        ConfigError: a rule asks for a feature that the centres don't have, or the last has
            conditions that a cluster doesn't meet.
    """
    return [_name(center, centers, rules) for center in centers]


def _name(center: Row, centers: Sequence[Row], rules: Sequence[NamingRule]) -> Row:
    for rule in rules:
        words = [
            list(_words(feature, condition, center, centers))
            for feature, condition in rule.when.items()
        ]
        if all(all(is_met for is_met, _ in one) for one in words):
            told = "; ".join(text for one in words for _, text in one)
            return Row(
                cluster=center["cluster"],
                segment=rule.name,
                strategy=rule.strategy,
                reason=f"{rule.name}: {told or 'no rule before it was met'}",
            )
    raise ConfigError(
        "rules",
        "a last rule without conditions",
        f"none that cluster {center['cluster']} meets",
        "add one, with a name for all that's left",
    )


def _words(
    feature: str, condition: Condition, center: Row, centers: Sequence[Row]
) -> Iterator[tuple[bool, str]]:
    """Whether each part of a condition is met, and how it reads."""
    if feature not in center["center"]:
        raise ConfigError(
            "rules",
            f"features of the clusters: {', '.join(center['center'])}",
            feature,
            "correct the name, or add it to the features that count",
        )
    value, deviation = center["center"][feature], center["deviations"][feature]
    if condition.rank is not None:
        pick = max if condition.rank == "highest" else min
        first = pick(centers, key=lambda one: one["deviations"][feature])
        is_first = first["cluster"] == center["cluster"]
        yield is_first, f"{feature} {condition.rank} of {len(centers)} clusters"
    away = f"{feature} {deviation:+.2f} standard deviations from the mean"
    if condition.above is not None:
        yield deviation > condition.above, f"{away} (rule: above {condition.above:g})"
    if condition.below is not None:
        yield deviation < condition.below, f"{away} (rule: below {condition.below:g})"
    if condition.at_least is not None:
        met = value >= condition.at_least
        yield met, f"{feature} {value:,.4g} (rule: at least {condition.at_least:,g})"
    if condition.at_most is not None:
        met = value <= condition.at_most
        yield met, f"{feature} {value:,.4g} (rule: at most {condition.at_most:,g})"
