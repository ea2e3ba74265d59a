"""Customers with what one pass over their numbers tells of them."""

from dataclasses import dataclass
from typing import Self

from pyspark.sql import DataFrame

from cxspark.distance import Moments, measure_points, points_of


@dataclass(frozen=True)
class Group:
    """Some customers.

    Attributes:
        rows: `FEATURE_ROWS`.
        moments: of their numbers.
    """

    rows: DataFrame
    moments: Moments

    @classmethod
    def of(cls, rows: DataFrame, *, n_numbers: int) -> Self:
        """Measured: one pass, of which one row is collected."""
        (found,) = measure_points(points_of(rows), n_columns=n_numbers).collect()
        return cls(rows, Moments.from_row(found))
