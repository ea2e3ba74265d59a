import os
from collections.abc import Mapping

import pytest
from pyspark.sql import SparkSession

from cxspark.runtime.memory import megabytes, memory_limits

OVER_CONNECT = "SPARK_REMOTE" in os.environ


@pytest.mark.parametrize("size", ["", "4x", "g", "-1g"])
def test_what_isnt_a_size_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        megabytes(size)


def told(spark: SparkSession, settings: Mapping[str, str]) -> SparkSession:
    """A session with settings that came after Java had started, as under spark-submit."""
    session = spark.newSession()
    for name, value in settings.items():
        session._jsparkSession.sessionState().conf().setConfString(name, value)
    return session


@pytest.mark.skipif(OVER_CONNECT, reason="Java is out of reach")
def test_on_one_machine_workers_share_what_java_leaves(spark: SparkSession) -> None:
    limits = memory_limits(spark)
    # Java takes up to a tenth less than it is given.
    assert 0.9 < limits["heap"].each() / (0.6 * 3 * 1024) <= 1
    # local[2]
    assert limits["worker"].each() == pytest.approx(limits["driver"].each() / 2)
    assert limits["driver"].each() > 0


@pytest.mark.skipif(OVER_CONNECT, reason="Java is out of reach")
def test_as_many_workers_share_it_as_java_has_cores_which_a_container_may_limit(
    spark: SparkSession,
) -> None:
    n_cores = spark._jvm.java.lang.Runtime.getRuntime().availableProcessors()
    limits = memory_limits(told(spark, {"spark.master": "local[*]"}))
    assert limits["worker"].each() == pytest.approx(limits["driver"].each() / n_cores)


@pytest.mark.skipif(OVER_CONNECT, reason="Java is out of reach")
def test_java_is_believed_rather_than_a_setting_that_came_too_late(spark: SparkSession) -> None:
    late = told(spark, {"spark.driver.memory": "64g"})
    assert memory_limits(late) == memory_limits(spark)


@pytest.mark.skipif(not OVER_CONNECT, reason="Java tells")
def test_what_nobody_tells_is_no_limit(spark: SparkSession) -> None:
    assert memory_limits(spark) == {}


@pytest.mark.skipif(OVER_CONNECT, reason="the server's settings can't be changed")
@pytest.mark.parametrize(
    ("settings", "megabytes"),
    [
        ({}, 1024),
        ({"spark.kubernetes.memoryOverheadFactor": "0.4"}, 4096),
        (
            {
                "spark.kubernetes.memoryOverheadFactor": "0.4",
                "spark.executor.memoryOverheadFactor": "0.2",
            },
            2048,
        ),
        ({"spark.executor.memoryOverhead": "500m"}, 500),
    ],
)
def test_on_kubernetes_workers_share_the_executors_overhead(
    spark: SparkSession, settings: Mapping[str, str], megabytes: float
) -> None:
    cluster = {"spark.master": "k8s://https://cluster", "spark.executor.memory": "10g"}
    limits = memory_limits(told(spark, {**cluster, "spark.executor.cores": "4", **settings}))
    assert limits["worker"].each() == pytest.approx(megabytes / 4)
    assert "driver" not in limits
