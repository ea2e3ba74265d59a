"""Exact search for the k nearest rows of a sparse matrix, block by block.

``pack_rows`` turns cells into blocks of rows, ``nearest_blocks`` finds for every row of one set of
blocks the k nearest of another (or of the same), ``unpack_nearest`` gives them row by row.
"""

from cxspark.distance.blocks import CELLS, ROW_BLOCKS, count_blocks, pack_rows
from cxspark.distance.compiled import compiled, enter
from cxspark.distance.metrics import Metric
from cxspark.distance.nearest import Nearest
from cxspark.distance.rows import RowBlock, widened
from cxspark.distance.search import NEAREST, NEAREST_BLOCKS, nearest_blocks, unpack_nearest
from cxspark.distance.worker import spare_modules

__all__ = [
    "CELLS",
    "NEAREST",
    "NEAREST_BLOCKS",
    "ROW_BLOCKS",
    "Metric",
    "Nearest",
    "RowBlock",
    "compiled",
    "count_blocks",
    "enter",
    "nearest_blocks",
    "pack_rows",
    "spare_modules",
    "unpack_nearest",
    "widened",
]
