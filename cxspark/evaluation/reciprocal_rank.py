"""How far down a list the first hit is."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def reciprocal_rank(hit_ranks: Column, n_relevant: Column, *, k: int) -> Column:
    """1 / rank of the first hit; 0.0 where it is after k or there is none; null with no held-out.

    Its mean over users is the MRR.

    Args:
        hit_ranks: ranks of the hits, ascending, from 1.
        n_relevant: items held out.
        k: places of the list.
    """
    first = F.get(hit_ranks, F.lit(0))
    return F.when(n_relevant > 0, F.when(first <= k, 1 / first).otherwise(F.lit(0.0)))
