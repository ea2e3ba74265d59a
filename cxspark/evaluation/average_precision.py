"""How early the hits come, by the precision at each."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def average_precision(hit_ranks: Column, n_relevant: Column, *, k: int) -> Column:
    """Sum over hits of the precision at their ranks, by min(k, items held out).

    AP@k = sum_j (j / r_j) / min(k, n), where r_j is the rank of the j-th hit: 1 for a list that
    begins with all that can be found, be it shorter or longer than k; 0.0 without hits; null where
    nothing is held out. Its mean over users is the MAP.

    Args:
        hit_ranks: ranks of the hits, ascending, from 1; those after k don't count.
        n_relevant: items held out.
        k: places of the list.
    """
    at_hits = F.transform(hit_ranks, lambda rank, j: F.when(rank <= k, (j + 1) / rank))
    total = F.aggregate(at_hits, F.lit(0.0), lambda sum_, one: sum_ + F.coalesce(one, F.lit(0.0)))
    return F.when(n_relevant > 0, total / F.least(F.lit(k), n_relevant))
