"""The greatest entries in each row of a matrix that is made tile by tile, and never kept whole.

Each tile is sifted while it lies in the processor's cache.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cxspark.distance.compiled import compiled, sift

Ints = NDArray[np.int32]
Starts = NDArray[np.int64]
Reals = NDArray[Any]  # float32 or float64
Fill = Callable[[slice, slice, Reals], object]

# A tile stays in a core's cache of the second level.
_ROWS, _TILE_BYTES = 256, 2**20


@cache
def use_one_thread() -> None:
    """Keep BLAS to one thread in this process: each of Spark's tasks has one core."""
    threadpool_limits(1)


def sift_tiles(
    fill: Fill, n_columns: int, *, floor: Reals, n: int, seen: tuple[Starts, Ints] | None = None
) -> tuple[Reals, Ints]:
    """The n greatest values of each row, greater than its floor; of equal ones the smaller column.

    Args:
        fill: writes the values of some rows and columns into the array it is given.
        n_columns: how many there are.
        floor: one per row, in the precision that values have.
        n: at least 1.
        seen: starts and columns, as in a csr_matrix, ascending within a row: what a row must not
            get. Repeats do no harm.

    Returns:
        Values and columns, rows x n, the greatest first; the floor and -1 where there are no more.

    Cost: what `fill` takes, some 0.1 ns a value in single precision, and memory for one tile and
    the result.
    """
    starts, columns = seen or (np.zeros(floor.size + 1, np.int64), np.empty(0, np.int32))
    found = np.repeat(floor[:, None], n, axis=1)
    places = np.full(found.shape, -1, np.int32)
    width = _TILE_BYTES // (_ROWS * floor.itemsize)
    buffer = np.empty(_ROWS * width, floor.dtype)
    for first in range(0, floor.size, _ROWS):
        rows = slice(first, min(first + _ROWS, floor.size))
        kept = found[rows], places[rows]
        cut = starts[first : rows.stop + 1], columns
        for start in range(0, n_columns, width):
            stop = min(start + width, n_columns)
            shape = (rows.stop - first, stop - start)
            tile = buffer[: shape[0] * shape[1]].reshape(shape)
            fill(rows, slice(start, stop), tile)
            _sift(tile, start, cut, kept)
    return found, places


@compiled
def _sift(tile: Reals, start: int, seen: tuple[Starts, Ints], kept: tuple[Reals, Ints]) -> None:
    """Enter a tile's values into the lists of the greatest; those seen are struck out."""
    starts, columns = seen
    found, places = kept
    for row in range(tile.shape[0]):
        line = tile[row]
        mine = columns[starts[row] : starts[row + 1]]
        for at in range(np.searchsorted(mine, start), mine.size):
            if mine[at] - start >= line.size:
                break
            line[mine[at] - start] = -np.inf
        sift(line, start, found[row], places[row])
