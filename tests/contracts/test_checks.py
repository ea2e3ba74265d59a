import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.checks import conform, require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.preferences import USER_INDEX


def test_a_frame_with_the_declared_columns_passes_unchanged(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, "u")], "user_index int, user_id string")
    assert require_columns(frame, USER_INDEX) is frame


def test_a_missing_column_is_named_with_its_type(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("u",)], "user_id string")
    with pytest.raises(ContractError, match=r"gold\.user_index: expected a column user_index int"):
        require_columns(frame, USER_INDEX)


def test_a_wider_type_is_refused_and_not_cast(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("u", 1)], "user_id string, user_index bigint")
    with pytest.raises(ContractError, match="found user_index as bigint"):
        conform(frame, USER_INDEX)


def test_only_the_columns_asked_for_are_needed(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("u",)], "user_id string")
    assert require_columns(frame, USER_INDEX, ["user_id"]) is frame


def test_conform_puts_the_columns_in_the_declared_order(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, "u")], "user_index int, user_id string")
    assert conform(frame, USER_INDEX).columns == ["user_id", "user_index"]


def test_conform_refuses_an_undeclared_column(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("u", 1)], "user_id string, user_index int")
    with pytest.raises(ContractError, match="also note"):
        conform(frame.withColumn("note", F.lit("x")), USER_INDEX)
