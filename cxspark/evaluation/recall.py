"""How much of what was held out is recommended."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def recall(hit_ranks: Column, n_relevant: Column, *, k: int) -> Column:
    """Hits among the k first places, by items held out; null where the user has none of these.

    A user with more than k items held out can't reach 1.

    Args:
        hit_ranks: ranks of the hits, ascending, from 1; those after k don't count.
        n_relevant: items held out.
        k: places of the list.
    """
    n_hits = F.size(F.filter(hit_ranks, lambda rank: rank <= k))
    return F.when(n_relevant > 0, n_hits / n_relevant)
