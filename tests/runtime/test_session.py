from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from cxspark.runtime.session import open_session, small_records


def test_a_session_that_databricks_gives_keeps_its_settings(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "19.0")
    before = spark.conf.get("spark.sql.shuffle.partitions")
    # Another thread has no active session, as a task on Databricks may have none.
    with ThreadPoolExecutor(1) as pool:
        given = pool.submit(open_session, {}).result()
    assert given.conf.get("spark.sql.shuffle.partitions") == before
    assert given.conf.get("spark.sql.session.timeZone") == "UTC"


def batch_sizes(spark: SparkSession) -> list[int]:
    """Of the batches that a thousand records come to Python in."""

    def sizes(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_pydict({"size": [batch.num_rows]})

    frame = spark.range(1000).coalesce(1).mapInArrow(sizes, "size long")
    return [row["size"] for row in frame.collect()]


def test_small_records_come_in_batches_cut_by_number_alone(spark: SparkSession) -> None:
    limit = "spark.sql.execution.arrow.maxBytesPerBatch"
    spark.conf.set(limit, "1000")
    try:
        by_size = batch_sizes(spark)
        with small_records(spark):
            assert batch_sizes(spark) == [1000]
        assert spark.conf.get(limit) == "1000"
        assert batch_sizes(spark) == by_size
        assert len(by_size) > 1
    finally:
        spark.conf.unset(limit)
    before = spark.conf.get(limit)
    with pytest.raises(ZeroDivisionError), small_records(spark):
        raise ZeroDivisionError
    assert spark.conf.get(limit) == before
