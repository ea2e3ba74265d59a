"""Compute distances between customers: all pairs, two sets, to a group's mean, or the nearest."""

from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS
from cxspark.distance import Moments
from cxspark.distance.covariance import Remedy
from cxspark.distance.modes import MODES, Sets, filter_grouped, require_customers, split_sets
from cxspark.distance.settings import ComputeDistancesSettings
from cxspark.distance.space import fit_space
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.features import Features, chosen_table, read_features
from cxspark.steps.moments import Group


def run(spark: SparkSession, settings: ComputeDistancesSettings, tables: Tables) -> None:  # noqa: ARG001
    """Measure all who take part in one pass, then take the distances and write them."""
    tables.watch(*STEP.writes)
    features = read_features(tables, settings.features)
    numbers = features.names.numbers
    groups = [
        Group.of(rows, n_numbers=len(numbers)) for rows in read_sets(features, settings, tables)
    ]
    moments = reduce(Moments.merged, (group.moments for group in groups))
    if moments.n_missing:
        tables.warn(
            f"{moments.n_missing} customers of {features.source} left out: they lack a value of "
            f"{', '.join(numbers)}"
        )
    space = fit_space(
        moments,
        numbers,
        scale=settings.scale,
        whiten=settings.metric == "mahalanobis",
        remedy=Remedy(settings.ridge, settings.shrinkage),
    )
    first, second = groups[0], groups[-1]
    sizes = first.moments.n_rows, second.moments.n_rows
    sets = Sets(first.rows, second.rows, features.names, *sizes)
    require_customers(sets)
    keys = {
        "source": features.source,
        "mode": settings.mode,
        "metric": settings.metric,
        "scale": settings.scale,
    }
    distances = MODES[settings.mode](sets, space, settings)
    ours = " AND ".join(f"{name} = {quoted(value)}" for name, value in keys.items())
    tables.overwrite(
        DISTANCES,
        distances.withColumns({name: F.lit(value) for name, value in keys.items()}).select(
            *DISTANCES.columns
        ),
        where=ours,
        part=ours,
        facts={"numbers": list(numbers), "settings": settings.model_dump(mode="json")},
    )


def read_sets(
    features: Features, settings: ComputeDistancesSettings, tables: Tables
) -> list[DataFrame]:
    """The customers' features: one frame, or those of the first set and of the second."""
    others = settings.others
    if settings.group_by is not None:
        return [read_grouped(features, settings.group_by, tables)]
    if others is None:
        return [features.rows]
    if others.source is None:
        return list(split_sets(features.rows, features.names, others))
    choice = settings.features.model_copy(
        update={"source": others.source, "numbers": features.names.numbers, "categories": ()}
    )
    return [features.rows, read_features(tables, choice).rows]


def read_grouped(features: Features, group_by: str, tables: Tables) -> DataFrame:
    """The customers whose group is known; how many aren't is told."""
    grouped = filter_grouped(features.rows, features.names, group_by)
    n_without = features.rows.count() - grouped.count()
    if n_without:
        tables.warn(
            f"{n_without} customers of {features.source} left out: their {group_by} isn't known"
        )
    return grouped


STEP = Step(
    name="compute_distances",
    summary="customers' features -> Euclid's or Mahalanobis' distances between them",
    settings=ComputeDistancesSettings,
    reads=(CUSTOMERS,),
    writes=(DISTANCES,),
    optional=(CUSTOMER_FEATURES,),
    inputs=chosen_table,
    run=run,
    rows=estimates.distances,
)
