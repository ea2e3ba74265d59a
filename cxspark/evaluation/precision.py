"""How much of what is recommended was held out."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def precision(hit_ranks: Column, n_relevant: Column, *, k: int) -> Column:
    """Hits among the k first places, by k; null where the user has nothing held out.

    A list shorter than k is divided by k all the same: a place left empty is a place missed. A user
    with fewer than k items held out can't reach 1.

    Args:
        hit_ranks: ranks of the hits, ascending, from 1; those after k don't count.
        n_relevant: items held out.
        k: places of the list.
    """
    n_hits = F.size(F.filter(hit_ranks, lambda rank: rank <= k))
    return F.when(n_relevant > 0, n_hits / F.lit(k))
