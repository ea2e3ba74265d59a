"""Which customers a tree learns from, and what each counts."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError, ContractError
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


def require_parts(sizes: Mapping[tuple[str, str], int], *, label: str) -> None:
    """Refuse what can't be learnt, chosen and judged.

    Args:
        sizes: part and class -> customers.
        label: whose classes they are.

    Raises:
        ContractError: a part has no customers; or one of two classes isn't in each part, and
            nothing could be said of precision and recall there.
    """
    classes = sorted({name for _, name in sizes})
    lacking = [part for part in JUDGED if not any((part, name) in sizes for name in classes)]
    if not lacking and len(classes) == 2:
        pairs = ((name, part) for part in JUDGED for name in classes)
        lacking = [f"{part} of {name}" for name, part in pairs if (part, name) not in sizes]
    if lacking:
        raise ContractError(
            label,
            f"customers with it to {', '.join(JUDGED)}, of two classes of both",
            f"none to {', '.join(lacking)} in {sum(sizes.values()):,}",
            "take in more customers, or change the shares or the seed",
        )


def choose_event(classes: Sequence[str], sizes: Mapping[str, int], asked: str | None) -> int | None:
    """The place of the positive one of two classes, the rarer if none is asked for; else None.

    Raises:
        ConfigError: what is asked for isn't one of two classes.

    Example:
        >>> choose_event(["no", "yes"], {"no": 30, "yes": 10}, None)
        1
    """
    if asked is not None and (asked not in classes or len(classes) != 2):
        raise ConfigError(
            "train_tree.event",
            "one of two classes",
            f"{asked}, of the classes {', '.join(classes)}",
            "correct it, or leave it out",
        )
    if len(classes) != 2:
        return None
    rarest = min(classes, key=lambda name: sizes.get(name, 0))
    return list(classes).index(asked or rarest)


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
