import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from cxspark.contracts.keeping import keep, release


def test_what_is_kept_is_kept_until_it_is_released(spark: SparkSession) -> None:
    frame, other = spark.range(3), spark.range(4)
    assert keep(frame) is frame
    assert frame.is_cached
    release(frame, other)
    assert not frame.is_cached


def test_what_cant_be_computed_isnt_kept_in_silence(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException, match="nowhere"):
        keep(spark.range(3).select("nowhere"))
