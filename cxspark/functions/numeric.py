"""Numbers from text."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# What Java would accept beyond it ("1d", "NaN", "0x1p3") is no number in anyone's file; the bounds
# on digits keep the value finite.
NUMBER = r"^[+-]?(\d{1,100}\.?\d{0,100}|\.\d{1,100})([eE][+-]?\d{1,2})?$"


def number(text: Column) -> Column:
    """The text as a finite double; null where it is null, or no number with a decimal point."""
    return F.when(text.rlike(NUMBER), text.try_cast("double"))
