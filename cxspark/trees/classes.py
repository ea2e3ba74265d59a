"""Which customers a tree learns from, and what each counts."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError
from cxspark.trees.settings import ClassWeights, TrainTreeSettings

TRAIN, VALIDATION, TEST, NEW = PARTS = ("train", "validation", "test", "new")
JUDGED = PARTS[:3]
_HASHES = 1_000_000


def with_part(rows: DataFrame, settings: TrainTreeSettings) -> DataFrame:
    """The rows with ``part``: by a hash of user_id and seed, or new without a label."""
    hashed = F.pmod(F.xxhash64("user_id", F.lit(settings.seed)), F.lit(_HASHES)) / _HASHES
    part = (
        F.when(F.col("label").isNull(), NEW)
        .when(hashed < settings.train_share, TRAIN)
        .when(hashed < settings.train_share + settings.validation_share, VALIDATION)
        .otherwise(TEST)
    )
    return rows.withColumn("part", part)


def weigh_classes(
    classes: Sequence[str], sizes: Mapping[str, int], asked: ClassWeights
) -> list[float]:
    """What a customer of each class counts.

    Args:
        classes: their names.
        sizes: class -> customers to learn from; a class without any counts 1.
        asked: of the settings.

    Raises:
        ConfigError: a class is named that isn't there.

    Example:
        >>> weigh_classes(["no", "yes"], {"no": 30, "yes": 10}, "balanced")
        [0.6666666666666666, 2.0]
    """
    if asked == "none":
        return [1.0] * len(classes)
    if asked == "balanced":
        mean = sum(sizes.values()) / len(classes)
        return [mean / sizes.get(name, mean) for name in classes]
    unknown = sorted(set(asked) - set(classes))
    if unknown:
        raise ConfigError(
            "train_tree.class_weights",
            f"classes among {', '.join(classes)}",
            ", ".join(unknown),
            "correct the names",
        )
    return [asked.get(name, 1.0) for name in classes]
