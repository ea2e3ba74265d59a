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


def test_every_transaction_is_a_purchase(spark: SparkSession, data: Path, tmp_path: Path) -> None:
    job = MainJob(spark, tmp_path, "cdnow.yaml", data / "cdnow" / "CDNOW_master.txt")
    job.run("first", ["ingest_events"])
    (load,) = job.read("ops.loads").collect()
    assert (load["n_records"], load["n_accepted"]) == (69_659, 69_659)
    found = job.read("silver.events").agg(
        F.countDistinct("user_id"),
        F.min("event_at").cast("string"),
        F.max("event_at").cast("string"),
    )
    first, last = "1997-01-01 00:00:00", "1998-06-30 00:00:00"
    assert tuple(found.collect()[0]) == (23_570, first, last)
