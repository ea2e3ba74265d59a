from datetime import datetime

from pyspark.sql import SparkSession

from cxspark.contracts.factors import ITEM_AVAILABILITY
from cxspark.factorization.items import with_availability


def test_an_item_with_several_periods_is_available_in_any_of_them_and_stays_one_row(
    spark: SparkSession,
) -> None:
    items = spark.createDataFrame([("a",), ("b",), ("c",)], "item_id string")
    may, june, july = (datetime(2026, month, 1) for month in (5, 6, 7))
    periods = [("a", None, may), ("a", june, None), ("b", None, may), ("b", july, None)]
    known = spark.createDataFrame(periods, ITEM_AVAILABILITY.schema)
    rows = with_availability(items, known, at=june).orderBy("item_id").collect()
    assert [tuple(row) for row in rows] == [("a", True), ("b", False), ("c", True)]
