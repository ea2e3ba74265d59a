"""The step on real files and Delta tables."""

from pathlib import Path

import pytest
from overtaken import Overtaken
from pyspark.sql import Row, SparkSession

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.errors import ConfigError, ConflictError, ContractError
from cxspark.contracts.features import CUSTOMERS
from cxspark.ingest.customer_settings import IngestCustomersSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.ingest_customers import STEP

HEADER = "id,age,city,zip,limit,notes\n"
GOOD = "u1,40,Rome,00100,9.5,\nu2,NA, Oslo ,0150,1e3,\n"
BAD = (
    ",30,Bern,3000,1,\nu3,30,Bern,3000,lots,\nu4,30\nu1,40,Rome,00100,9.5,\nu1,41,Rome,00100,9.5,\n"
)
SOURCE = {"name": "bank", "user_id": "id", "categories": ["zip"], "numbers": ["limit"]}


class Job:
    """The step, its raw folder and its tables."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.raw, self.root = spark, folder / "raw.csv", folder / "tables"

    def run(self, text: str, **source: object) -> Run:
        self.raw.write_text(HEADER + text, encoding="utf-8")
        tables = Tables(self.spark, Location(root=str(self.root)), Run(STEP.name, "r"))
        settings = {"source": SOURCE | source, "input": [str(self.raw)]}
        STEP.run(self.spark, IngestCustomersSettings.model_validate(settings), tables)
        return tables.run

    def rows(self, name: str) -> list[Row]:
        tables = Tables(self.spark, Location(root=str(self.root)), Run("test", "t"))
        return tables.read(TABLES[name]).collect()

    def customers(self) -> dict[str, tuple[dict[str, float], dict[str, str]]]:
        found = self.rows("silver.customers")
        return {row["user_id"]: (row["numbers"], row["categories"]) for row in found}

    def funnel(self) -> tuple[int, ...]:
        (load,) = self.rows("ops.snapshots")
        return tuple(
            load[f"n_{what}"] for what in ("records", "accepted", "duplicates", "quarantined")
        )


@pytest.fixture(scope="module")
def job(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A snapshot with every fault there is."""
    job = Job(spark, tmp_path_factory.mktemp("customers"))
    job.run(GOOD + BAD)
    return job


def test_a_column_is_a_number_where_its_values_are_unless_it_is_named(job: Job) -> None:
    assert job.customers() == {
        "u1": ({"age": 40.0, "limit": 9.5}, {"city": "Rome", "zip": "00100"}),
        "u2": ({"limit": 1000.0}, {"city": "Oslo", "zip": "0150"}),
    }


def test_every_record_is_accounted_for(job: Job) -> None:
    assert job.funnel() == (7, 2, 1, 4)
    assert len(job.rows("bronze.customers")) == 7


def test_rejected_records_have_their_reason_and_their_place(job: Job) -> None:
    rejected = {row["record_number"]: row["reasons"] for row in job.rows("silver.quarantine")}
    assert rejected == {
        3: ["missing_user_id"],
        4: ["unparsable_number"],
        5: ["malformed_record"],
        7: ["conflicting_user_id"],
    }


@pytest.mark.integration
def test_a_new_snapshot_takes_the_place_of_the_last_one(
    spark: SparkSession, tmp_path: Path
) -> None:
    job = Job(spark, tmp_path)
    job.run(GOOD)
    before = job.customers()
    job.run(GOOD)
    assert job.customers() == before
    job.run("u9,1,Bern,3000,2,\n")
    assert set(job.customers()) == {"u9"}
    job.run("")
    assert (job.customers(), job.rows("ops.snapshots")[0]["n_records"]) == ({}, 0)


def test_records_without_an_id_are_each_their_own(spark: SparkSession, tmp_path: Path) -> None:
    job = Job(spark, tmp_path)
    job.run(GOOD + GOOD, user_id=None, without=["id"])
    (load,) = job.rows("ops.snapshots")
    assert set(job.customers()) == {f"{load['load_id'][:8]}-{number}" for number in range(1, 5)}


def test_a_column_of_the_mapping_that_is_not_there_is_named(
    spark: SparkSession, tmp_path: Path
) -> None:
    with pytest.raises(ContractError, match="a column income"):
        Job(spark, tmp_path).run(GOOD, without=["income"])


def test_an_expression_that_is_no_sql_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source bank\.user_id"):
        Job(spark, tmp_path).run(GOOD, user_id={"expr": "nonsense(`id`)"})


def test_an_older_snapshot_doesnt_replace_one_that_came_in_meanwhile(
    spark: SparkSession, tmp_path: Path
) -> None:
    job = Job(spark, tmp_path)
    job.run(GOOD)
    job.raw.write_text(HEADER + "late,1,Bern,3000,1,\n", encoding="utf-8")
    settings = {"source": SOURCE, "input": [str(job.raw)]}
    tables = Tables(spark, Location(root=str(job.root)), Run(STEP.name, "late"))
    late = Overtaken(tables, lambda: job.run("newest,2,Rome,00100,2,\n"), before=CUSTOMERS)
    with pytest.raises(ConflictError, match="ingest_customers run r"):
        STEP.run(spark, IngestCustomersSettings.model_validate(settings), late)
    assert set(job.customers()) == {"newest"}
