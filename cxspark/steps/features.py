"""The customers' features that a job asks for, as the frame that its transforms take."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.features import (
    FEATURE_ROWS,
    FEATURE_TABLES,
    FeatureChoice,
    FeatureNames,
)
from cxspark.runtime.step import Inputs
from cxspark.runtime.tables import Tables
from cxspark.steps.estimates import OfCustomers


@dataclass(frozen=True)
class Features:
    """What a job works on.

    Attributes:
        rows: `FEATURE_ROWS`; customers without a label are among them, with null.
        names: what the arrays hold.
        source: whose they are.
    """

    rows: DataFrame
    names: FeatureNames
    source: str


def read_features(tables: Tables, choice: FeatureChoice, *, label: str | None = None) -> Features:
    """The chosen features of one source's customers.

    Args:
        tables: where they are.
        choice: which.
        label: the feature that is to be told from the others; it isn't among them then.

    Returns:
        Missing values are null; a label is text, of a number as Spark writes it.

    Raises:
        ConfigError: the source isn't there, or isn't named where there are several.
        ContractError: a feature isn't there any more, or is of the other kind.

    Cost: one pass, which collects the names of the features.
    """
    table = FEATURE_TABLES[choice.table]
    every = tables.read(table)
    known = every.groupBy("source").agg(_names("numbers"), _names("categories")).collect()
    found = {row["source"]: row for row in known}
    source = choice.source or (str(*found) if len(found) == 1 else None)
    if source is None or source not in found:
        raise ConfigError(
            "features.source",
            f"one of {', '.join(sorted(found)) or 'the sources'} in {table.name}",
            str(source),
            "name the source, or run the job that writes the table first",
        )
    have = {kind: set(found[source][kind]) for kind in ("numbers", "categories")}
    out = {*choice.without} | ({label} if label is not None else set())
    _require(out, have["numbers"] | have["categories"], "a feature", table.name)
    names = FeatureNames(
        numbers=_chosen(choice.numbers, have["numbers"], out, "a number", table.name),
        categories=_chosen(choice.categories, have["categories"], out, "a category", table.name),
    )
    rows = every.where(F.col("source") == F.lit(source)).select(
        "user_id",
        _values("numbers", names.numbers, "double"),
        _values("categories", names.categories, "string"),
        _label(label).alias("label"),
    )
    return Features(rows.select(*FEATURE_ROWS.names), names, source)


def chosen_table(settings: OfCustomers) -> Inputs:
    """What a job reads that takes features of customers: the one table that they are in."""
    return Inputs((FEATURE_TABLES[settings.features.table],))


def _names(kind: str) -> Column:
    keys = F.flatten(F.collect_set(F.map_keys(kind)))
    return F.array_distinct(keys).alias(kind)


def _chosen(
    asked: tuple[str, ...] | None, have: set[str], out: set[str], kind: str, table: str
) -> tuple[str, ...]:
    if asked is None:
        return tuple(sorted(have - out))
    _require(set(asked), have, kind, table)
    return tuple(name for name in asked if name not in out)


def _require(asked: set[str], have: set[str], kind: str, table: str) -> None:
    missing = sorted(asked - have)
    if missing:
        raise ContractError(
            table,
            f"{kind} named {', '.join(missing)}",
            f"only {', '.join(sorted(have)) or 'customers without any'}",
            "take in a snapshot that has it, or correct the name in the job's section",
        )


def _values(kind: str, names: Sequence[str], element: str) -> Column:
    """The values in the order of the names.

    A row that has all of them in that order, as rows of `silver.customers` mostly have, gives them
    as they lie; in another each name is looked for.
    """
    wanted = F.array(*[F.lit(name) for name in names]).cast("array<string>")
    found = F.array(*[F.try_element_at(kind, F.lit(name)) for name in names])
    values = F.when(F.map_keys(kind) == wanted, F.map_values(kind)).otherwise(found)
    return values.cast(f"array<{element}>").alias(kind)


def _label(label: str | None) -> Column:
    if label is None:
        return F.lit(None).cast("string")
    name = F.lit(label)
    number = F.try_element_at("numbers", name).cast("string")
    return F.coalesce(F.try_element_at("categories", name), number)
