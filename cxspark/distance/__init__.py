"""Distances, and exact search for the k nearest rows of a matrix, block by block.

``pack_rows`` turns cells, ``pack_points`` points into blocks of rows. ``nearest_blocks``
finds for every row of one set of blocks the k nearest of another (or of the same),
``unpack_nearest`` gives them row by row.
"""

from cxspark.distance.blocks import CELLS, ROW_BLOCKS, count_blocks, pack_points, pack_rows
from cxspark.distance.compiled import compiled, sift
from cxspark.distance.metrics import Metric, ProductMetric
from cxspark.distance.moments import Moments, measure_points
from cxspark.distance.nearest import Nearest
from cxspark.distance.points import POINTS, filter_complete, points_of
from cxspark.distance.rows import RowBlock, widened
from cxspark.distance.search import NEAREST, NEAREST_BLOCKS, nearest_blocks, unpack_nearest
from cxspark.distance.space import Scale, Space, fit_space
from cxspark.distance.tiles import sift_tiles, use_one_thread
from cxspark.distance.worker import spare_modules

__all__ = [
    "CELLS",
    "NEAREST",
    "NEAREST_BLOCKS",
    "POINTS",
    "ROW_BLOCKS",
    "Metric",
    "Moments",
    "Nearest",
    "ProductMetric",
    "RowBlock",
    "Scale",
    "Space",
    "compiled",
    "count_blocks",
    "filter_complete",
    "fit_space",
    "measure_points",
    "nearest_blocks",
    "pack_points",
    "pack_rows",
    "points_of",
    "sift",
    "sift_tiles",
    "spare_modules",
    "unpack_nearest",
    "use_one_thread",
    "widened",
]
