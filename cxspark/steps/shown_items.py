"""Which items are recommended, and to whom none is: what a person should know of it."""

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.runtime.tables import Tables


def warn_of_few(is_eligible: NDArray[np.bool_], n: int, tables: Tables) -> None:
    """Say so where allow, deny and dates leave fewer items than a list has places."""
    n_left = int(is_eligible.sum())
    if n_left < n:
        tables.warn(
            f"allow, deny and silver.item_availability leave {n_left:,} of {is_eligible.size:,}"
            f" items for lists of {n}: " + ("lists are shorter" if n_left else "nobody has a list")
        )


def write_lists(lists: DataFrame, *, algorithm: str, tables: Tables) -> None:
    """Replace an algorithm's recommendations, and say how many users have none.

    Args:
        lists: ``RECOMMENDATIONS``; a row without a rank is a user for whom there was nothing.
        algorithm: of all rows.
        tables: where they go.
    """
    seen = Observation()
    empty = F.count_if(F.col("rank").isNull()).alias("n_users")
    filled = lists.observe(seen, empty).where("rank IS NOT NULL")
    where = f"algorithm = '{algorithm}'"
    tables.overwrite(RECOMMENDATIONS, filled, where=where, part=algorithm)
    if n_users := seen.get["n_users"]:
        tables.warn(f"{n_users:,} users have no list: they have all that may be recommended")
