"""What ten times the rows cost: each job on a million of them, and on ten million."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.frame import Measure, Row, measured, tables_in
from cxspark.contracts.classes import CLASSES
from cxspark.contracts.clusters import CLUSTERS
from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.features import CUSTOMER_FEATURES, CUSTOMERS, FeatureChoice
from cxspark.contracts.preferences import USER_ITEM
from cxspark.contracts.table import Table
from cxspark.contracts.trees import FEATURES_GAIN, TREE_PREDICTIONS
from cxspark.contracts.value import CUSTOMER_VALUE
from cxspark.distance.settings import ComputeDistancesSettings
from cxspark.matrix.settings import BuildUserItemSettings
from cxspark.neighbors.settings import ClassifyKnnSettings
from cxspark.runtime.step import Step
from cxspark.segmentation.settings import (
    ClusterCustomersSettings,
    SegmentCustomersSettings,
)
from cxspark.segmentation.value_settings import EstimateValueSettings
from cxspark.steps import (
    build_user_item,
    classify_knn,
    cluster_customers,
    compute_distances,
    estimate_value,
    rank_features,
    segment_customers,
    train_tree,
)
from cxspark.trees.settings import RankFeaturesSettings, TrainTreeSettings

_SEED, _N_ROWS, _GROWTH, _WARM_ROWS = 7, 1_000_000, 10, 50_000
_N_NUMBERS, _N_VOTERS, _N_ITEMS, _EVENTS_PER_USER = 10, 2_000, 20_000, 10
_NUMBERS = tuple(f"n{place}" for place in range(_N_NUMBERS))
_FEATURES = FeatureChoice(numbers=_NUMBERS, categories=("city",))


@dataclass(frozen=True)
class Job:
    """One that grows.

    Attributes:
        rows: what it takes a million of.
        step: the job.
        settings: of it.
        result: a table that it writes.
        figure: SQL over that table which is the same, but for chance, whatever the size.
    """

    rows: str
    step: Step[Any]
    settings: Any
    result: Table
    figure: str


_JOBS = (
    Job(
        "customers",
        rank_features.STEP,
        RankFeaturesSettings(label="kind", features=_FEATURES),
        FEATURES_GAIN,
        "max(gain)",
    ),
    Job(
        "customers",
        train_tree.STEP,
        TrainTreeSettings(label="kind", features=_FEATURES),
        TREE_PREDICTIONS,
        "avg(CAST(predicted = actual AS INT))",
    ),
    Job(
        "customers",
        cluster_customers.STEP,
        ClusterCustomersSettings(features=_FEATURES, k_from=4, k_to=5, seeds=(1,)),
        CLUSTERS,
        "avg(distance)",
    ),
    Job(
        "customers",
        classify_knn.STEP,
        ClassifyKnnSettings(label="told", features=_FEATURES, protocols=()),
        CLASSES,
        "avg(try_element_at(probabilities, 'yes'))",
    ),
    Job(
        "customers",
        compute_distances.STEP,
        ComputeDistancesSettings(features=_FEATURES, mode="to_mean", metric="mahalanobis"),
        DISTANCES,
        "avg(distance)",
    ),
    Job(
        "events",
        build_user_item.STEP,
        BuildUserItemSettings(),
        USER_ITEM,
        "sum(weight) / sum(n_events)",
    ),
    Job(
        "events",
        segment_customers.STEP,
        SegmentCustomersSettings(seeds=(1,)),
        CUSTOMER_FEATURES,
        "avg(numbers['monetary'])",
    ),
    Job(
        "events",
        estimate_value.STEP,
        EstimateValueSettings(),
        CUSTOMER_VALUE,
        "avg(expected_purchases)",
    ),
)


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """Each job's whole time on ten times the rows; its peer is ten times its time on one time.

    A ratio of 1 or more is growth that is no worse than linear; constants, of some seconds a job,
    make it more. Equal says that a figure of the result is the same at both sizes, to 5%. 11
    features of customers, of whom 2,000 have a class to vote by; 10 events a user. Each job has run
    once before, on few rows.
    """
    n_rows = int(_N_ROWS * scale)
    with tempfile.TemporaryDirectory() as name:
        folders = {size: Path(name, str(size)) for size in (_WARM_ROWS, n_rows, _GROWTH * n_rows)}
        for size, folder in folders.items():
            _write(spark, folder, size)
        for job in _JOBS:
            found = {size: _taken(spark, folder, job) for size, folder in folders.items()}
            (once, small), (ours, large) = found[n_rows], found[_GROWTH * n_rows]
            yield Row(
                bench=f"{job.step.name}, {_GROWTH * n_rows:,} {job.rows}",
                peer=f"{_GROWTH} x {n_rows:,} {job.rows}",
                ours_s=ours.seconds,
                peer_s=_GROWTH * once.seconds,
                rows=_GROWTH * n_rows,
                peak_mb=ours.peak_mb,
                equal=bool(np.isclose(small, large, rtol=0.05)),
            )


def _taken(spark: SparkSession, folder: Path, job: Job) -> tuple[Measure, float]:
    with measured() as taken:
        job.step.run(spark, job.settings, tables_in(spark, folder, job.step.name))
    result = tables_in(spark, folder, "reader").read(job.result)
    ((figure,),) = result.selectExpr(f"CAST({job.figure} AS DOUBLE)").collect()
    return taken, figure


def _write(spark: SparkSession, folder: Path, size: int) -> None:
    """The tables that the jobs read."""
    tables = tables_in(spark, folder, "bench")
    tables.overwrite(CUSTOMERS, _customers(spark.range(size)))
    tables.overwrite(SILVER_EVENTS, _events(spark.range(size), n_users=size // _EVENTS_PER_USER))


def _customers(ids: DataFrame) -> DataFrame:
    """Five clouds of customers; a class that the first features tell of."""
    cloud = F.col("id") % 5
    numbers = [
        F.randn(_SEED + place) + 2 * (cloud == place % 5).cast("int") for place in range(_N_NUMBERS)
    ]
    rows = ids.select("id", *(one.alias(name) for one, name in zip(numbers, _NUMBERS, strict=True)))
    kind = F.when(F.col("n0") + F.col("n1") + F.randn(_SEED + 20) > 2, "yes").otherwise("no")
    # These alone have a class to vote by, so that each customer is compared with as many as ever.
    told = F.when(F.col("id") < _N_VOTERS, F.col("kind"))
    city = F.concat(F.lit("city "), (F.rand(_SEED + 21) * 50).cast("int").cast("string"))
    return rows.withColumns({"kind": kind, "city": city}).select(
        F.lit("bench").alias("source"),
        F.format_string("user-%08d", "id").alias("user_id"),
        _map({name: F.col(name) for name in _NUMBERS}).alias("numbers"),
        _map({"kind": F.col("kind"), "city": F.col("city"), "told": told}).alias("categories"),
        F.lit("one").alias("load_id"),
        F.col("id").alias("record_number"),
    )


def _map(entries: dict[str, Column]) -> Column:
    made = [F.struct(F.lit(name).alias("key"), one.alias("value")) for name, one in entries.items()]
    return F.map_from_entries(F.filter(F.array(*made), lambda one: one["value"].isNotNull()))


def _events(ids: DataFrame, *, n_users: int) -> DataFrame:
    """Users who come within a year, and buy until they leave; few items are bought most."""
    user = F.col("id") % n_users

    def chance(salt: int) -> Column:
        """From 0 to 1, the same for all events of a user."""
        return F.pmod(F.xxhash64(user, F.lit(salt)), F.lit(10**6)) / 10**6

    came, stayed = 180 * chance(1), -120 * F.log(1 - chance(2))
    day = came + F.least(stayed, 365 - came) * F.rand(_SEED)
    made = {
        "source": F.lit("bench"),
        "event_key": F.col("id").cast("string"),
        "user_id": F.format_string("user-%08d", user),
        "item_id": (F.pow(F.rand(_SEED + 1), 2) * _N_ITEMS).cast("int").cast("string"),
        "event_type": F.lit("purchase"),
        "event_at": F.timestamp_seconds(1_767_225_600 + day * 86_400),
        "quantity": F.lit(1.0),
        "amount": F.round(5 + 50 * chance(3) * F.rand(_SEED + 2), 2),
        "load_id": F.lit("one"),
        "record_number": F.col("id"),
    }
    nothing = [field.name for field in SILVER_EVENTS.schema if field.name not in made]
    types = {field.name: field.dataType for field in SILVER_EVENTS.schema}
    frame = ids.select(
        *(one.alias(name) for name, one in made.items()),
        *(F.lit(None).cast(types[name]).alias(name) for name in nothing),
    )
    return frame.select(*SILVER_EVENTS.columns)
