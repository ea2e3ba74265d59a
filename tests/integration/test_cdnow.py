"""CDNOW's transactions, whose lines are told apart by a pattern, taken in by conf alone."""

from pathlib import Path

import pytest
from main_job import MainJob
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.usefixtures("generated_code"),
]


CASES = {
    "cdnow.yaml": ("CDNOW_master.txt", 69_659, 23_570),
    "cdnow_sample.yaml": ("CDNOW_sample.txt", 6_919, 2_357),
}


@pytest.mark.parametrize("source", CASES)
def test_every_transaction_is_a_purchase(
    spark: SparkSession, data: Path, tmp_path: Path, source: str
) -> None:
    file, n_transactions, n_customers = CASES[source]
    job = MainJob(spark, tmp_path, source, data / "cdnow" / file)
    job.run("first", ["ingest_events"])
    (load,) = job.read("ops.loads").collect()
    assert (load["n_records"], load["n_accepted"]) == (n_transactions, n_transactions)
    found = job.read("silver.events").agg(
        F.countDistinct("user_id"),
        F.min("event_at").cast("string"),
        F.max("event_at").cast("string"),
    )
    first, last = "1997-01-01 00:00:00", "1998-06-30 00:00:00"
    assert tuple(found.collect()[0]) == (n_customers, first, last)
