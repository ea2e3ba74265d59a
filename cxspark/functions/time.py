"""Instants from text."""

import re
from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

ISO, EPOCH_SECONDS, EPOCH_MILLIS = "iso", "epoch_seconds", "epoch_millis"
NAMED_FORMATS = (ISO, EPOCH_SECONDS, EPOCH_MILLIS)

# A time alone would be taken for today's, a year alone for its first second: neither is a date.
_ISO_DATE = r"^\d{4}-\d{1,2}-\d{1,2}"
_ISO_LOCAL = _ISO_DATE + r"([T ]\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d*)?)?)?)?$"
# Ten digits are seconds until 2286, thirteen are milliseconds since 2001: no number is both.
# A double of them comes as 1.732463999E9 or E12.
_SECONDS = r"^-?(\d{1,11}(\.\d*)?|\d(\.\d+)?E([0-9]|10))$"
_MILLIS = r"^(\d{12,14}|\d(\.\d+)?E1[1-3])$"


def instant(text: Column, *, formats: Sequence[str], time_zone: str) -> Column:
    """The first of the formats that fits, as a timestamp; null where none does.

    Args:
        text: trimmed text.
        formats: Spark's datetime patterns, or ``iso`` (yyyy-MM-dd, then optionally a time and an
            offset), ``epoch_seconds`` (up to 11 digits and a fraction, rounded to microseconds),
            ``epoch_millis`` (12 to 14 digits); both also as a double is written, 1.7E9. Tried in
            this order.
        time_zone: of the values that have no offset of their own. A time that the clock skips in
            spring is moved on, one that it repeats in autumn is the first of the two.
    """
    return F.coalesce(*[_parsed(text, one, time_zone) for one in formats])


def has_offset(pattern: str) -> bool:
    """Whether values of a datetime pattern tell their offset or zone.

    Example:
        >>> has_offset("yyyy-MM-dd'T'HH:mm:ssXXX"), has_offset("d.M.yyyy 'Zeit' H:mm")
        (True, False)
    """
    return bool(re.search("[VzOXxZ]", re.sub("'[^']*'", "", pattern)))


def _parsed(text: Column, name: str, time_zone: str) -> Column:
    if name == EPOCH_SECONDS:
        return F.when(text.rlike(_SECONDS), F.timestamp_seconds(text.try_cast("decimal(20,6)")))
    if name == EPOCH_MILLIS:
        whole = text.try_cast("decimal(20,0)").cast("bigint")
        return F.when(text.rlike(_MILLIS), F.timestamp_millis(whole))
    if name == ISO:
        parsed = F.when(text.rlike(_ISO_DATE), F.try_to_timestamp(text))
        local = F.to_utc_timestamp(parsed, time_zone)
        return (
            parsed
            if time_zone == "UTC"
            else F.when(text.rlike(_ISO_LOCAL), local).otherwise(parsed)
        )
    parsed = F.try_to_timestamp(text, F.lit(name))
    return parsed if has_offset(name) else F.to_utc_timestamp(parsed, time_zone)
