import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cxspark.runtime.history import read_history, table_exists


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_commits_of_the_hour_that_a_clock_goes_through_twice_are_an_hour_apart(
    spark: SparkSession, tmp_path: Path
) -> None:
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)  # half past two; and once more an hour later
    for number in range(2):
        spark.range(3).write.format("delta").mode("append").save(str(tmp_path))
        commit = tmp_path / "_delta_log" / f"{number:020}.json"
        at = (first + timedelta(hours=number)).timestamp()
        os.utime(commit, (at, at))
    commits = read_history(spark, f"delta.`{tmp_path}`", limit=None)
    assert [commit.at for commit in commits] == [first + timedelta(hours=1), first]


@pytest.mark.parametrize("address", ["delta.`{}/nothing`", "delta.`{}`", "no_database.no_table"])
def test_what_is_no_delta_table_does_not_exist_and_has_no_history(
    spark: SparkSession, tmp_path: Path, address: str
) -> None:
    address = address.format(tmp_path)
    assert not table_exists(spark, address)
    assert read_history(spark, address, limit=1) == []


@pytest.mark.parametrize(
    ("note", "job"),
    [
        ('{"run_id": "manual__1", "dag_id": "backfill"}', ""),
        ("no JSON", ""),
        ('{"job": "a_job", "run_id": "r", "config_hash": "h", "of_a_later_version": 1}', "a_job"),
    ],
)
def test_notes_of_others_and_of_later_versions_are_no_hindrance(
    spark: SparkSession, tmp_path: Path, note: str, job: str
) -> None:
    writer = spark.range(3).write.format("delta").option("userMetadata", note)
    writer.save(str(tmp_path / "table"))
    (commit,) = read_history(spark, f"delta.`{tmp_path}/table`", limit=None)
    assert (commit.job, commit.operation) == (job, "WRITE")
