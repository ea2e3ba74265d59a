import json
import logging
import time
from collections.abc import Iterator

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from cxspark.runtime.engine import Engine
from cxspark.runtime.progress import stages_told


def test_a_long_job_tells_how_many_tasks_are_done(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    def slowly(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        time.sleep(0.3)
        yield from batches

    with caplog.at_level(logging.INFO, "cxspark"), stages_told(spark, "job", every_seconds=0.1):
        spark.range(4, numPartitions=4).mapInArrow(slowly, "id long").collect()
    told = [record for record in caplog.records if "stages at work" in record.getMessage()]
    assert told
    counts = told[0].__dict__["data"]
    assert counts["stages"] >= 1
    assert counts["tasks"] >= counts["tasks_done"] + counts["tasks_running"]
    assert json.dumps(counts)


def test_when_nothing_runs_nothing_is_told(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "cxspark"), stages_told(spark, "job", every_seconds=0.01):
        pass
    assert not caplog.records


@pytest.mark.skipif(is_remote(), reason="Spark Connect shows no counters")
def test_sparks_counters_are_of_what_ran_since(spark: SparkSession) -> None:
    spark.range(100, numPartitions=2).groupBy("id").count().collect()
    engine = Engine(spark)
    assert engine.metrics()["tasks"] == 0
    spark.range(1000, numPartitions=2).selectExpr("id % 10 AS g").groupBy("g").count().collect()
    metrics = engine.metrics()
    assert metrics["tasks"] >= 3
    assert metrics["failed_tasks"] == 0
    assert metrics["shuffle_write_bytes"] > 0
    assert metrics["shuffle_write_bytes"] == metrics["shuffle_read_bytes"]
