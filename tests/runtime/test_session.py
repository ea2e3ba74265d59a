from concurrent.futures import ThreadPoolExecutor

import pytest
from pyspark.sql import SparkSession

from cxspark.runtime.session import open_session


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
