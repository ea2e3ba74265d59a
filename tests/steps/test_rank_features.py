from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.features import CUSTOMERS, FeatureChoice
from cxspark.contracts.table import Table
from cxspark.contracts.trees import FEATURES_GAIN
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.rank_features import STEP
from cxspark.trees.settings import RankFeaturesSettings

ROWS = [
    ("bank", "u1", {"age": 20.0}, {"churned": "yes", "city": "Oslo"}, "l", 1),
    ("bank", "u2", {"age": 30.0}, {"churned": "yes", "city": "Rome"}, "l", 2),
    ("bank", "u3", {"age": 40.0}, {"churned": "no"}, "l", 3),
    ("bank", "u4", {"age": 50.0}, {"churned": "no", "city": "Rome"}, "l", 4),
    ("bank", "u5", {"age": 60.0}, {"city": "Rome"}, "l", 5),
    ("it's", "u1", {"visits": 2.0}, {"bought": "no"}, "m", 1),
    ("it's", "u2", {"visits": 3.0}, {"bought": "yes"}, "m", 2),
]


def tables_at(spark: SparkSession, folder: Path) -> Tables:
    return Tables(spark, Location(root=str(folder)), Run(STEP.name, "r1"))


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gain")
    tables_at(spark, folder).overwrite(CUSTOMERS, spark.createDataFrame(ROWS, CUSTOMERS.schema))
    return folder


def rank(spark: SparkSession, folder: Path, source: str, label: str) -> list[str]:
    tables = tables_at(spark, folder)
    features = FeatureChoice(source=source)
    STEP.run(spark, RankFeaturesSettings(features=features, label=label), tables)
    return tables.run.warnings


def test_each_source_and_label_keeps_its_rows_and_replaces_them(
    spark: SparkSession, folder: Path
) -> None:
    assert rank(spark, folder, "bank", "churned") == ["customers without churned, left out: 1"]
    assert rank(spark, folder, "it's", "bought") == []
    before = tables_at(spark, folder).read(FEATURES_GAIN).orderBy("source", "rank").collect()
    assert [(row["source"], row["feature"], row["rank"]) for row in before] == [
        ("bank", "age", 1),
        ("bank", "city", 2),
        ("it's", "visits", 1),
    ]
    age, city, _ = before
    assert (age["kind"], age["threshold"], age["gain"]) == ("number", 35.0, 1.0)
    assert (city["kind"], city["n_rows"], city["n_missing"]) == ("category", 4, 1)
    rank(spark, folder, "bank", "churned")
    again = tables_at(spark, folder).read(FEATURES_GAIN).orderBy("source", "rank").collect()
    assert again == before


def test_a_label_that_is_not_there_is_named(spark: SparkSession, folder: Path) -> None:
    with pytest.raises(ContractError, match="a feature named left"):
        rank(spark, folder, "bank", "left")


class WatchedTables(Tables):
    """Tables whose customers are noted in a file, batch by batch, whenever they are read."""

    notes: Path

    def read(self, table: Table, *, version: int | None = None) -> DataFrame:
        frame, notes = super().read(table, version=version), self.notes

        def note(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                (notes / uuid4().hex).write_text(str(batch.num_rows))
                yield batch

        return frame.mapInArrow(note, frame.schema)


@pytest.mark.parametrize(("max_values", "n_passes"), [(100, 2), (20, 3)])
def test_all_features_take_at_most_three_passes(
    spark: SparkSession, tmp_path: Path, max_values: int, n_passes: int
) -> None:
    tables = WatchedTables(spark, Location(root=str(tmp_path / "tables")), Run(STEP.name, "r1"))
    rows = [
        ("s", f"u{i}", {"id": float(i), "size": i / 7}, {"label": "xy"[i % 2]}, "l", i)
        for i in range(60)
    ]
    tables.overwrite(CUSTOMERS, spark.createDataFrame(rows, CUSTOMERS.schema))
    tables.notes = tmp_path / "notes"
    tables.notes.mkdir()
    STEP.run(spark, RankFeaturesSettings(label="label", max_values=max_values, n_bins=9), tables)
    assert sum(int(note.read_text()) for note in tables.notes.iterdir()) == n_passes * len(rows)
