"""Loops over numpy arrays as machine code."""

from collections.abc import Callable
from typing import ParamSpec

import numba

P = ParamSpec("P")


def compiled(function: Callable[P, None]) -> Callable[P, None]:
    """The function in machine code by numba, from the disk where it is there already."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # there is no place to keep it
        return numba.njit()(function)
