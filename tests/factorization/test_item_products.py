import numpy as np
from pyspark.sql import SparkSession

from cxspark.distance import CELLS, pack_rows
from cxspark.factorization.item_products import collected, item_products


def test_products_of_blocks_add_up_to_those_of_all_rows(spark: SparkSession) -> None:
    rng = np.random.default_rng(4)
    rows = rng.poisson(0.5, (30, 7)).astype(float)
    cells = [
        (f"u{user}", item, float(rows[user, item]))
        for user, item in np.argwhere(rows + (np.arange(7) == 0) > 0).tolist()
    ]
    blocks = pack_rows(spark.createDataFrame(cells, CELLS.schema), n_blocks=3)
    found = collected(item_products(blocks, n_items=5, n_parts=2), n_items=5)
    kept = np.log1p(rows[:, :5])
    np.testing.assert_allclose(found, kept.T @ kept, rtol=1e-6)


def test_of_no_rows_all_products_are_zero(spark: SparkSession) -> None:
    blocks = pack_rows(spark.createDataFrame([], CELLS.schema), n_blocks=1)
    assert collected(item_products(blocks, n_items=3), n_items=3).tolist() == [[0.0] * 3] * 3
