"""Which items may be recommended: what a person should know of it."""

import numpy as np
from numpy.typing import NDArray

from cxspark.runtime.tables import Tables


def warn_of_few(is_eligible: NDArray[np.bool_], n: int, tables: Tables) -> None:
    """Say so where allow, deny and dates leave fewer items than a list has places."""
    n_left = int(is_eligible.sum())
    if n_left < n:
        tables.warn(
            f"allow, deny and silver.item_availability leave {n_left:,} of {is_eligible.size:,}"
            f" items for lists of {n}: " + ("lists are shorter" if n_left else "nobody has a list")
        )
