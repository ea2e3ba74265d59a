import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.preferences import USER_INDEX
from cxspark.matrix.index import assign_index

SCHEMA = "user_id string, user_index int"


def ids(spark: SparkSession, *values: str | None) -> DataFrame:
    return spark.createDataFrame([(value,) for value in values], "user_id string")


def assigned(new: DataFrame, known: DataFrame) -> dict[str, int]:
    rows = assign_index(new, known, dictionary=USER_INDEX).collect()
    return {row.user_id: row.user_index for row in rows}


def test_new_ids_get_dense_integers_from_zero(spark: SparkSession) -> None:
    names = [f"u{n}" for n in range(1000)]
    found = assigned(ids(spark, *names), spark.createDataFrame([], SCHEMA))
    assert set(found) == set(names)
    assert sorted(found.values()) == list(range(1000))


def test_known_ids_keep_theirs_and_new_ones_follow_on(spark: SparkSession) -> None:
    known = spark.createDataFrame([("a", 0), ("b", 1)], SCHEMA)
    assert assigned(ids(spark, "b", "c", "a"), known) == {"c": 2}


def test_repeated_and_null_ids_are_harmless(spark: SparkSession) -> None:
    found = assigned(ids(spark, "a", None, "a"), spark.createDataFrame([], SCHEMA))
    assert found == {"a": 0}


def test_the_integers_don_t_depend_on_order_or_partitions(spark: SparkSession) -> None:
    names = [f"u{n}" for n in range(50)]
    empty = spark.createDataFrame([], SCHEMA)
    forward = assigned(ids(spark, *names).repartition(5), empty)
    assert forward == assigned(ids(spark, *reversed(names)).coalesce(1), empty)


def test_no_ids_give_no_rows(spark: SparkSession) -> None:
    assert assigned(ids(spark), spark.createDataFrame([], SCHEMA)) == {}


def test_a_frame_without_the_key_is_refused(spark: SparkSession) -> None:
    frame = ids(spark, "a").withColumnRenamed("user_id", "who")
    with pytest.raises(ContractError, match="a column user_id"):
        assign_index(frame, spark.createDataFrame([], SCHEMA), dictionary=USER_INDEX)
