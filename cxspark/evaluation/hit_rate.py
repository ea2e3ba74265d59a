"""Whether a list hits at all."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def hit_rate(hit_ranks: Column, n_relevant: Column, *, k: int) -> Column:
    """1.0 where any of the k first places is a hit, else 0.0; null where nothing is held out.

    Args:
        hit_ranks: ranks of the hits, ascending, from 1; those after k don't count.
        n_relevant: items held out.
        k: places of the list.
    """
    is_hit = F.coalesce(F.get(hit_ranks, F.lit(0)) <= k, F.lit(False))
    return F.when(n_relevant > 0, is_hit.cast("double"))
