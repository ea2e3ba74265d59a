"""Rows of features by hand."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.features import FEATURE_ROWS, FeatureNames

Customer = tuple[Sequence[float | None], Sequence[str | None], str | None]

_DAYS = """sunny hot high FALSE no 85 85
sunny hot high TRUE no 80 90
overcast hot high FALSE yes 83 86
rainy mild high FALSE yes 70 96
rainy cool normal FALSE yes 68 80
rainy cool normal TRUE no 65 70
overcast cool normal TRUE yes 64 65
sunny mild high FALSE no 72 95
sunny cool normal FALSE yes 69 70
rainy mild normal FALSE yes 75 80
sunny mild normal TRUE yes 75 70
overcast mild high TRUE yes 72 90
overcast hot normal FALSE yes 81 75
rainy mild high TRUE no 71 91"""

TENNIS_NAMES = FeatureNames(("degrees", "percent"), ("outlook", "temperature", "humidity", "windy"))


def play_tennis() -> list[Customer]:
    """Quinlan's fourteen days, temperature and humidity also as numbers, and whether to play."""
    days = [line.split() for line in _DAYS.splitlines()]
    return [([float(day[5]), float(day[6])], day[:4], day[4]) for day in days]


def make_rows(spark: SparkSession, customers: Sequence[Customer]) -> DataFrame:
    """FEATURE_ROWS of customers given as numbers, categories and label."""
    rows = [(f"u{place:05d}", *one) for place, one in enumerate(customers)]
    return spark.createDataFrame(rows, FEATURE_ROWS)
