"""Loops over numpy arrays as machine code."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function in machine code by numba, from the disk where it is there already.

    What is on the disk is made anew when the function's own file changes, not when one changes that
    has what it calls: then delete the ``__pycache__`` beside it.
    """
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # there is no place to keep it
        return numba.njit()(function)


@compiled
def enter(
    value: float, column: int, values: NDArray[Any], columns: NDArray[Any], n_found: int
) -> int:
    """Put a value into its place in a list of the greatest, after those that are equal.

    Args:
        value: greater than the last, where the list is full.
        column: whose it is.
        values: the greatest so far, descending; at most so many are kept.
        columns: whose they are.
        n_found: how many there are so far.

    Returns:
        How many there are now.
    """
    place = min(n_found, values.size - 1)
    while place > 0 and values[place - 1] < value:
        values[place] = values[place - 1]
        columns[place] = columns[place - 1]
        place -= 1
    values[place], columns[place] = value, column
    return min(n_found + 1, values.size)
