"""How early the hits come, by a logarithmic discount."""

from itertools import accumulate
from math import log2

from pyspark.sql import Column
from pyspark.sql import functions as F


def ndcg(hit_ranks: Column, n_relevant: Column, *, k: int) -> Column:
    """Sum over hits of 1 / log2(1 + rank), by that of the best list of k that there can be.

    DCG@k = sum over hits of 1 / log2(1 + rank), the ideal DCG the same sum over the ranks 1 to
    min(k, items held out): 1 for a list that begins with all that can be found. Gains are binary.
    0.0 without hits; null where nothing is held out. Source: Järvelin and Kekäläinen 2002, with
    log2(1 + rank) as discount.

    Args:
        hit_ranks: ranks of the hits, ascending, from 1; those after k don't count.
        n_relevant: items held out.
        k: places of the list.
    """
    gain = F.aggregate(
        hit_ranks,
        F.lit(0.0),
        lambda sum_, rank: F.when(rank <= k, sum_ + 1 / F.log2(rank + 1)).otherwise(sum_),
    )
    ideal = F.get(F.lit(ideal_gains(k)), F.least(F.lit(k), n_relevant) - 1)
    return F.when(n_relevant > 0, gain / ideal)


def ideal_gains(k: int) -> list[float]:
    """The ideal DCG for 1 to k items that can be found.

    Example:
        >>> [round(gain, 4) for gain in ideal_gains(3)]
        [1.0, 1.6309, 2.1309]
    """
    return list(accumulate(1 / log2(1 + rank) for rank in range(1, k + 1)))
