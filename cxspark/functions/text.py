"""Text as it comes from files."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# What people and programs leave at the ends of a value: a no-break space and a BOM among it.
_BLANK = " \t\r\n\u00a0\ufeff"

# What a decoder puts where it can't read, and what stands between the letters of misread UTF-16.
_GARBAGE = ("\ufffd", "\0")


def trimmed(text: Column) -> Column:
    """The text without white space at its ends; null where nothing is left."""
    return F.nullif(F.trim(text, F.lit(_BLANK)), F.lit(""))


def is_garbled(text: Column) -> Column:
    """Whether the text has U+FFFD or NUL, so was read in the wrong encoding; null where null."""
    return F.contains(text, F.lit(_GARBAGE[0])) | F.contains(text, F.lit(_GARBAGE[1]))
