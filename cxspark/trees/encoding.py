"""Features as a vector that a tree can split, and what its places mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.ml.feature import VectorAssembler
from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from cxspark.contracts.features import FeatureNames

OTHER, UNKNOWN = "any other", "unknown"


@dataclass(frozen=True)
class NumberSlot:
    """A number; what isn't known goes where the median goes."""

    name: str
    median: float
    has_missing: bool


@dataclass(frozen=True)
class FlagSlot:
    """Whether a number isn't known: 1, else 0."""

    name: str


@dataclass(frozen=True)
class CategorySlot:
    """A category: its place among the values, of which the last are `OTHER` and `UNKNOWN`.

    Attributes:
        name: of the feature.
        values: in order of their places.
        unseen: those of the last two that no customer to learn from had.
    """

    name: str
    values: Sequence[str]
    unseen: frozenset[str] = frozenset()


Slot = NumberSlot | FlagSlot | CategorySlot


@dataclass(frozen=True)
class Encoding:
    """How customers become vectors.

    A number that some customers to learn from lack is two places of the vector: the number, the
    median in place of what isn't known, and whether it is known. A category is one place, with a
    dictionary of its commonest values; all others share one, and what isn't known has its own.

    Attributes:
        slots: what each place means.
        names: of the arrays of the rows.
    """

    slots: Sequence[Slot]
    names: FeatureNames

    def encode(self, rows: DataFrame) -> DataFrame:
        """The rows with a column ``features``, a vector that says of itself what is a category."""
        columns = [f"slot_{place}" for place in range(len(self.slots))]
        encoded = rows.select(
            "*",
            *(
                self._value(slot).alias(name, metadata=_attribute(slot))
                for slot, name in zip(self.slots, columns, strict=True)
            ),
        )
        assembler = VectorAssembler(inputCols=columns, outputCol="features")
        return assembler.transform(encoded).drop(*columns)

    def _value(self, slot: Slot) -> Column:
        if isinstance(slot, CategorySlot):
            value = _element("categories", self.names.categories, slot.name)
            places = {text: float(place) for place, text in enumerate(slot.values[:-2])}
            known = F.coalesce(_looked_up(places, value), F.lit(float(len(places))))
            return F.when(value.isNull(), F.lit(float(len(places) + 1))).otherwise(known)
        value = _element("numbers", self.names.numbers, slot.name)
        if isinstance(slot, FlagSlot):
            return value.isNull().cast("double")
        return F.coalesce(value, F.lit(slot.median))


def learn_encoding(
    rows: DataFrame, names: FeatureNames, *, chosen: FeatureNames, max_categories: int
) -> Encoding:
    """The encoding that some rows ask for.

    Args:
        rows: `FEATURE_ROWS` to learn from, at least one.
        names: what their arrays hold.
        chosen: the features that are encoded, in this order.
        max_categories: values of a category that keep their own place, the commonest; of equal
            ones the first by name.

    Cost: two passes; what is collected is a row, and `max_categories` values per category.
    """
    known = _describe(rows, names, chosen)
    slots: list[Slot] = []
    for name in chosen.numbers:
        median, has_missing = known[f"median_{name}"], known[f"no_number_{name}"]
        slots.append(NumberSlot(name, 0.0 if median is None else median, has_missing))
        slots += [FlagSlot(name)] * has_missing
    common = _commonest(rows, names, chosen.categories, max_categories + 1)
    for name in chosen.categories:
        kept = sorted(common[name][:max_categories])
        has_others = len(common[name]) > max_categories
        seen = {OTHER: has_others, UNKNOWN: known[f"no_category_{name}"]}
        unseen = frozenset(text for text, is_seen in seen.items() if not is_seen)
        slots.append(CategorySlot(name, (*kept, OTHER, UNKNOWN), unseen))
    return Encoding(slots, names)


def _describe(rows: DataFrame, names: FeatureNames, chosen: FeatureNames) -> Row:
    """The medians, and which features some row lacks."""
    numbers = {name: _element("numbers", names.numbers, name) for name in chosen.numbers}
    categories = {
        name: _element("categories", names.categories, name) for name in chosen.categories
    }
    (found,) = rows.agg(
        *(F.percentile_approx(one, 0.5).alias(f"median_{name}") for name, one in numbers.items()),
        *(F.bool_or(one.isNull()).alias(f"no_number_{name}") for name, one in numbers.items()),
        *(F.bool_or(one.isNull()).alias(f"no_category_{name}") for name, one in categories.items()),
    ).collect()
    return found


def _commonest(
    rows: DataFrame, names: FeatureNames, chosen: Sequence[str], n: int
) -> Mapping[str, Sequence[str]]:
    """Of each category the n values that most rows have, these first."""
    found: dict[str, list[str]] = {name: [] for name in chosen}
    if not chosen:
        return found
    places = [list(names.categories).index(name) for name in chosen]
    values = rows.select(F.posexplode("categories").alias("place", "value"))
    values = values.where(F.col("place").isin(places) & F.col("value").isNotNull())
    by_count = Window.partitionBy("place").orderBy(F.col("count").desc(), "value")
    ranked = values.groupBy("place", "value").count()
    ranked = ranked.withColumn("rank", F.row_number().over(by_count)).where(F.col("rank") <= n)
    for row in ranked.orderBy("place", "rank").collect():
        found[names.categories[row["place"]]].append(row["value"])
    return found


def _element(array: str, names: Sequence[str], name: str) -> Column:
    return F.get(array, F.lit(list(names).index(name)))


def _looked_up(places: Mapping[str, float], value: Column) -> Column:
    if not places:
        return F.lit(None).cast("double")
    pairs = [F.lit(one) for pair in places.items() for one in pair]
    return F.try_element_at(F.create_map(*pairs), value)


def _attribute(slot: Slot) -> dict[str, object]:
    """What MLlib reads to tell categories from numbers."""
    if isinstance(slot, CategorySlot):
        return {"ml_attr": {"type": "nominal", "vals": list(slot.values)}}
    return {"ml_attr": {"type": "numeric"}}
