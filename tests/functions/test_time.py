"""All cases go through Spark together: a frame a format, a row a case."""

from collections.abc import Sequence

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.functions.time import EPOCH_MILLIS, EPOCH_SECONDS, ISO, has_offset, instant


def parsed(
    spark: SparkSession, texts: Sequence[str | None], formats: Sequence[str], zone: str = "UTC"
) -> list[str | None]:
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    column = instant(F.col("text"), formats=formats, time_zone=zone).cast("string")
    return [row[0] for row in frame.select(column).collect()]


ISO_CASES = {
    "2026-03-01": "2026-03-01 00:00:00",
    "2026-03-01 10:00:00": "2026-03-01 10:00:00",
    "2026-03-01T10:00:00.25Z": "2026-03-01 10:00:00.25",
    "2026-03-01T10:00:00+02:00": "2026-03-01 08:00:00",
    "2026-03-01 10:00:00 Europe/Berlin": "2026-03-01 09:00:00",
    # Neither today's noon nor the first second of a year: these are no dates.
    "12:00:00": None,
    "2026": None,
    "2026-02-30": None,
    "2026-03-01 25:00:00": None,
    "yesterday": None,
    None: None,
}
BERLIN_CASES = {
    "2026-01-15 12:00:00": "2026-01-15 11:00:00",
    "2026-07-15 12:00:00": "2026-07-15 10:00:00",
    "2026-07-15T12:00:00Z": "2026-07-15 12:00:00",
    "2026-07-15": "2026-07-14 22:00:00",
    "2026-03-29 02:30:00": "2026-03-29 01:30:00",
    "2026-10-25 02:30:00": "2026-10-25 00:30:00",
}
EPOCH_CASES = {
    "1772359200": "2026-03-01 10:00:00",
    "1772359200.5": "2026-03-01 10:00:00.5",
    "1772359200000": "2026-03-01 10:00:00",
    "1772359200123": "2026-03-01 10:00:00.123",
    "1772359200.0361536": "2026-03-01 10:00:00.036154",
    "1.7723592005E9": "2026-03-01 10:00:00.5",
    "1.772359200123E12": "2026-03-01 10:00:00.123",
    "1.7723592E15": None,
    "-1": "1969-12-31 23:59:59",
    "17723592000000000": None,
    "1772359200s": None,
}
PATTERN_CASES = {
    "1/2/2026 8:05": "2026-01-02 08:05:00",
    "1/2/2026": "2026-01-02 00:00:00",
    "1/2/2026 8:05:09": "2026-01-02 08:05:09",
    "01.02.2026 +0200": "2026-01-31 22:00:00",
    "13/13/2026": None,
}


@pytest.mark.parametrize(
    ("cases", "formats", "zone"),
    [
        (ISO_CASES, [ISO], "UTC"),
        (BERLIN_CASES, [ISO], "Europe/Berlin"),
        (EPOCH_CASES, [EPOCH_SECONDS, EPOCH_MILLIS], "Europe/Berlin"),
        (PATTERN_CASES, ["M/d/yyyy[ H:mm[:ss]]", "dd.MM.yyyy Z"], "UTC"),
    ],
    ids=["iso", "zone", "epoch", "patterns"],
)
def test_instants(
    spark: SparkSession,
    cases: dict[str | None, str | None],
    formats: list[str],
    zone: str,
) -> None:
    assert dict(zip(cases, parsed(spark, list(cases), formats, zone), strict=True)) == cases


def test_the_first_format_that_fits_wins(spark: SparkSession) -> None:
    assert parsed(spark, ["01.02.2026"], ["dd.MM.yyyy", "MM.dd.yyyy"]) == ["2026-02-01 00:00:00"]


def test_a_pattern_with_an_offset_ignores_the_zone(spark: SparkSession) -> None:
    pattern = "yyyy/MM/dd HH:mm XXX"
    assert has_offset(pattern)
    assert parsed(spark, ["2026/07/15 12:00 +00:00"], [pattern], "Europe/Berlin") == [
        "2026-07-15 12:00:00"
    ]
