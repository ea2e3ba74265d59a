import pytest
from pyspark.sql import SparkSession

from cxspark.runtime.memory import megabytes, memory_limits


@pytest.mark.parametrize("size", ["", "4x", "g", "-1g"])
def test_what_isnt_a_size_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        megabytes(size)


def test_on_one_machine_workers_share_what_java_leaves(spark: SparkSession) -> None:
    limits = memory_limits(spark)
    assert limits["heap"] == pytest.approx(0.6 * 3 * 1024)
    # local[2]
    assert limits["worker"] == pytest.approx(limits["driver"] / 2)
    assert limits["driver"] > 0
