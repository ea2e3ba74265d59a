"""Tell the class of customers by a vote of those nearest to them, and how often that is right."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.classes import CLASSES, CONFUSIONS
from cxspark.contracts.errors import ConfigError
from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS
from cxspark.contracts.keeping import keep, release
from cxspark.distance import fit_space
from cxspark.distance.covariance import Remedy
from cxspark.neighbors.classify import (
    ALGORITHM,
    classify_customers,
    count_confusions,
    name_classes,
    split_held_out,
)
from cxspark.neighbors.settings import ClassifyKnnSettings
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.features import Features, chosen_table, read_features
from cxspark.steps.moments import Group

# With more, labels name customers rather than what kind they are of.
_MANY_CLASSES = 1000


def run(spark: SparkSession, settings: ClassifyKnnSettings, tables: Tables) -> None:  # noqa: ARG001
    """Ask the neighbours: of who has no label, and of who has one, to judge the answers."""
    tables.watch(*STEP.writes)
    features = read_features(tables, settings.features, label=settings.label)
    rows = keep(features.rows)
    classes = list_classes(rows, settings.label)
    labelled, unlabelled = rows.where("label IS NOT NULL"), rows.where("label IS NULL")
    parts = split_held_out(labelled, share=settings.test_share, seed=settings.seed)
    learn, held_out, new = (
        Group.of(part, n_numbers=len(features.names.numbers)) for part in (*parts, unlabelled)
    )
    known = Group(labelled, learn.moments.merged(held_out.moments))
    asked = {
        "applied": (new, known),
        "leave_one_out": (known, known),
        "held_out": (held_out, learn),
    }
    told = [
        told_by(
            *asked[protocol],
            features=features,
            classes=classes,
            settings=settings,
            tables=tables,
            protocol=protocol,
        )
        for protocol in ("applied", *settings.protocols)
    ]
    found = keep(reduce(DataFrame.unionByName, told))
    keys = {"source": features.source, "algorithm": ALGORITHM, "label_name": settings.label}
    ours = " AND ".join(f"{name} = {quoted(value)}" for name, value in keys.items())
    tables.overwrite(CLASSES, found, where=ours, part=ours)
    confusions = keep(count_confusions(found))
    facts = {"accuracy": accuracies(confusions.collect())}
    tables.overwrite(CONFUSIONS, confusions, where=ours, part=ours, facts=facts)
    release(confusions, found, rows)


def told_by(
    queries: Group,
    references: Group,
    *,
    features: Features,
    classes: Sequence[str],
    settings: ClassifyKnnSettings,
    tables: Tables,
    protocol: str,
) -> DataFrame:
    """The classes that one protocol asks for; who votes says how features are scaled."""
    numbers = features.names.numbers
    for who, group in (("are told", queries), ("vote", references)):
        n_missing = group.moments.n_missing
        if n_missing:
            tables.warn(
                f"{protocol}: {n_missing} customers of {features.source} left out of those who "
                f"{who}: they lack a value of {', '.join(numbers)}"
            )
    space = fit_space(
        references.moments,
        numbers,
        scale=settings.scale,
        whiten=settings.metric == "mahalanobis",
        remedy=Remedy(settings.ridge, settings.shrinkage),
    )
    votes = classify_customers(
        queries.rows,
        references.rows,
        n_queries=queries.moments.n_rows,
        n_references=references.moments.n_rows,
        space=space,
        classes=classes,
        settings=settings,
    )
    return name_classes(votes, source=features.source, label=settings.label, protocol=protocol)


def list_classes(rows: DataFrame, label: str) -> list[str]:
    """The labels there are, in text order.

    Raises:
        ConfigError: there are none, or so many that they can't be classes.
    """
    labels = rows.where(F.col("label").isNotNull()).select("label").distinct()
    found = [row["label"] for row in labels.limit(_MANY_CLASSES + 1).collect()]
    if not 1 <= len(found) <= _MANY_CLASSES:
        raise ConfigError(
            "classify_knn.label",
            f"a feature of 1 to {_MANY_CLASSES} values",
            f"{'none' if not found else 'more'} of {label}",
            "name a category, or a number of few values",
        )
    return sorted(found)


def accuracies(confusions: Sequence[Row]) -> dict[str, float]:
    """Of each protocol the share of customers whose class was told right."""
    shares = {}
    for protocol in sorted({row["protocol"] for row in confusions}):
        ours = [row for row in confusions if row["protocol"] == protocol]
        right = sum(row["n_users"] for row in ours if row["actual"] == row["predicted"])
        shares[protocol] = right / sum(row["n_users"] for row in ours)
    return shares


STEP = Step(
    name="classify_knn",
    summary="customers' features and labels -> classes by vote of the nearest, and how good it is",
    settings=ClassifyKnnSettings,
    reads=(CUSTOMERS,),
    writes=(CLASSES, CONFUSIONS),
    optional=(CUSTOMER_FEATURES,),
    inputs=chosen_table,
    run=run,
    rows=estimates.classified,
    needs=estimates.customer_search,
)
