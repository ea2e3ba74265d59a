"""How many users are worked on at once, so that a worker's memory is bounded."""

import sys
from collections.abc import Iterator

import numpy as np

# Parts of scores in memory at once; what they are made of takes some five times their 32 MB.
_PARTS = 4_000_000


def cells_together(n: int, n_reasons: int | None) -> int:
    """Cells of users whose parts of n scores each are in memory at once; without reasons all."""
    return sys.maxsize if n_reasons == 0 else max(1, _PARTS // n)


def row_cuts(starts: np.ndarray, *, rows: int, cells: int = sys.maxsize) -> Iterator[slice]:
    """The rows of a sparse matrix, some at a time.

    Args:
        starts: where each row's cells start, and the last one's end, as in a csr_matrix.
        rows: at most so many at once.
        cells: at most so many cells at once, unless a single row has more.

    Example:
        >>> list(row_cuts(np.array([0, 2, 4, 9, 9]), rows=3, cells=4))
        [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    first, n_rows = 0, len(starts) - 1
    while first < n_rows:
        full = int(np.searchsorted(starts, int(starts[first]) + cells, side="right")) - 1
        stop = min(max(full, first + 1), first + rows, n_rows)
        yield slice(first, stop)
        first = stop
