"""Exact search for the k nearest rows of a sparse matrix, block by block.

``pack_rows`` turns cells into blocks of rows, ``nearest_rows`` finds for every row of one set of
blocks the k nearest of another (or of the same), ``unpack_rows`` gives the rows back.
"""

from cxspark.distance.blocks import (
    CELLS,
    ROW_BLOCKS,
    count_blocks,
    pack_rows,
    unpack_rows,
)
from cxspark.distance.metrics import Metric
from cxspark.distance.rows import RowBlock
from cxspark.distance.search import NEAREST, nearest_rows

__all__ = [
    "CELLS",
    "NEAREST",
    "ROW_BLOCKS",
    "Metric",
    "RowBlock",
    "count_blocks",
    "nearest_rows",
    "pack_rows",
    "unpack_rows",
]
