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


# Values looked at together: most such groups have none that enters. From 64 on, LLVM makes vector
# instructions of the comparisons: 0.1 ns a value of single precision instead of 0.4.
_GROUP = 64


@compiled
def sift(line: NDArray[Any], start: int, values: NDArray[Any], columns: NDArray[Any]) -> None:
    """Enter a line's values into the list of the greatest, those that are greater than its last.

    Of equal values the one that is met first stays before the others; NaN never enters.

    Args:
        line: of one precision with the values.
        start: the column of its first value.
        values: the greatest so far, descending; at first as many times the floor.
        columns: whose they are; at first -1.
    """
    last = values.size - 1
    n_grouped = line.size // _GROUP * _GROUP
    groups = line[:n_grouped].reshape(n_grouped // _GROUP, _GROUP)
    for number in range(groups.shape[0]):
        group = groups[number]
        enters = numba.uint32(0)  # no branch within the loop, and no sum of another width
        for i in range(_GROUP):
            enters = numba.uint32(enters | numba.uint32(group[i] > values[last]))
        if enters:
            for i in range(_GROUP):
                if group[i] > values[last]:
                    _enter(group[i], start + number * _GROUP + i, values, columns)
    for i in range(n_grouped, line.size):
        if line[i] > values[last]:
            _enter(line[i], start + i, values, columns)


@compiled
def _enter(value: float, column: int, values: NDArray[Any], columns: NDArray[Any]) -> None:
    """Put a value in its place, after those that are equal; the last one drops out."""
    place = values.size - 1
    while place > 0 and values[place - 1] < value:
        values[place] = values[place - 1]
        columns[place] = columns[place - 1]
        place -= 1
    values[place], columns[place] = value, column
