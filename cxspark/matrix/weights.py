"""What an event weighs, in whole billionths, so that sums are the same in any order."""

from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

# Contributions are summed as whole billionths: integer sums are the same in any order, so that two
# builds, or a build and its increments, agree to the last bit. Sums stay exact to 4e6, the range in
# which a double tells billionths apart.
PRECISION = 9


def weight_by_type(weights: Mapping[str, float], *, other_weight: float) -> Column:
    """What an event weighs by its ``event_type`` alone.

    Args:
        weights: weight by event type.
        other_weight: of the types not listed.
    """
    weight = F.lit(float(other_weight))
    for event_type, value in sorted(weights.items()):
        weight = F.when(F.col("event_type") == event_type, F.lit(float(value))).otherwise(weight)
    return weight


def as_billionths(
    weight: Column, *, half_life_days: float | None, reference_at: datetime | None
) -> Column:
    """A weight as a whole number of billionths, decayed by the age of ``event_at``.

    Args:
        weight: before decay.
        half_life_days: days after which it counts half; None for no decay.
        reference_at: the instant at which it counts in full; needed where it decays.
    """
    if half_life_days is not None:
        micros = F.unix_micros("event_at") - F.unix_micros(F.lit(reference_at))
        weight = weight * F.pow(F.lit(2.0), micros / F.lit(half_life_days * 86_400e6))
    return F.rint(weight * F.lit(10.0**PRECISION)).cast("bigint")


def from_billionths(billionths: Column) -> Column:
    """Whole billionths as a weight."""
    return billionths / F.lit(10.0**PRECISION)
