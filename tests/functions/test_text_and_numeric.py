from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.functions.numeric import number
from cxspark.functions.text import is_garbled, trimmed

NUMBERS = {
    "1": 1.0,
    "-2.50": -2.5,
    "+.5": 0.5,
    "1.": 1.0,
    "1e3": 1000.0,
    "0": 0.0,
    "1,5": None,
    "1d": None,
    "0x10": None,
    "NaN": None,
    "Infinity": None,
    "1e999": None,
    "9" * 400: None,
    "": None,
    "three": None,
    None: None,
}
TEXTS = {
    " a b ": "a b",
    "\t\r\n\u00a0\ufeffx": "x",
    " \t ": None,
    "": None,
    None: None,
    "17850.0": "17850.0",
}


def test_only_finite_decimal_numbers_are_numbers(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(text,) for text in NUMBERS], "text string")
    found = [row[0] for row in frame.select(number(F.col("text"))).collect()]
    assert dict(zip(NUMBERS, found, strict=True)) == NUMBERS


def test_text_is_trimmed_and_blank_is_null(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(text,) for text in TEXTS], "text string")
    found = [row[0] for row in frame.select(trimmed(F.col("text"))).collect()]
    assert dict(zip(TEXTS, found, strict=True)) == TEXTS


def test_garbled_is_what_a_decoder_or_misread_utf16_leaves(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("caf\ufffd",), ("a\0b",), ("café",), (None,)], "text string")
    found = [row[0] for row in frame.select(is_garbled(F.col("text"))).collect()]
    assert found == [True, True, False, None]
