"""Entropy from counts, in bits."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column
from pyspark.sql import functions as F


def n_log_n(n: Column) -> Column:
    """The product n log2 n, which is 0 where n is 0."""
    return F.when(n > 0, n * F.log2(n)).otherwise(F.lit(0.0))


def bits(counts: Sequence[Column]) -> Column:
    """What it takes to tell all of them apart: their number times their entropy.

    The sum of n log2 n - sum over classes of n_c log2 n_c: in this form no share is divided out
    before the end, and 0 counts need no care.
    """
    return n_log_n(reduce(add, counts)) - reduce(add, map(n_log_n, counts))
