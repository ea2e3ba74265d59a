"""Points: rows of numbers, of which every row has all columns."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DoubleType, StringType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.features import FEATURE_ROWS
from cxspark.contracts.table import Table, column

POINTS = Table(
    name="points",
    grain="one row per row_id",
    schema=StructType(
        [
            column("row_id", StringType(), "which point"),
            column("values", ArrayType(DoubleType()), "as many for each; null where missing"),
        ]
    ),
    key=("row_id",),
)

_FEATURES = Table("features", "one row per user_id", FEATURE_ROWS, ("user_id",))


def points_of(rows: DataFrame) -> DataFrame:
    """The customers' numbers as ``POINTS``; missing values stay so."""
    require_columns(rows, _FEATURES)
    return rows.select(F.col("user_id").alias("row_id"), F.col("numbers").alias("values"))


def filter_complete(points: DataFrame) -> DataFrame:
    """The points without a missing value; other columns stay. No shuffle."""
    require_columns(points, POINTS)
    return points.where(~F.exists("values", F.isnull)).select(*points.columns)


def to_array(lists: pa.ListArray, n_columns: int) -> NDArray[np.float64]:
    """Lists of one length as rows of an array; NaN where there is none."""
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    values: NDArray[np.float64] = flat.astype(np.float64, copy=False).reshape(-1, n_columns)
    return values
