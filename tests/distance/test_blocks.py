import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.distance import CELLS, pack_rows
from cxspark.distance.rows import RowBlock, to_lists


def test_packed_rows_come_back(spark: SparkSession) -> None:
    cells = [("b", 3, 1.0), ("a", 0, 2.0), ("b", 1, 0.5), ("c", 0, 0.0)]
    blocks = pack_rows(spark.createDataFrame(cells, CELLS.schema), n_blocks=2)
    found = {}
    for row in blocks.collect():
        block = RowBlock.from_bytes(row["rows"])
        columns, values = (part.to_pylist() for part in to_lists(block.matrix))
        found.update(zip(block.ids.to_pylist(), zip(columns, values, strict=True), strict=True))
    assert found == {"a": ([0], [2.0]), "b": ([1, 3], [0.5, 1.0]), "c": ([0], [0.0])}


def test_each_block_has_a_partition_of_its_own_and_each_row_one_block(spark: SparkSession) -> None:
    cells = [(f"u{number}", column, 1.0) for number in range(40) for column in range(3)]
    blocks = pack_rows(spark.createDataFrame(cells, CELLS.schema), n_blocks=5).collect()
    assert sorted(row["block"] for row in blocks) == [0, 1, 2, 3, 4]
    ids = [name for row in blocks for name in RowBlock.from_bytes(row["rows"]).ids.to_pylist()]
    assert sorted(ids) == sorted({cell[0] for cell in cells})


def test_no_cells_give_no_blocks(spark: SparkSession) -> None:
    blocks = pack_rows(spark.createDataFrame([], CELLS.schema), n_blocks=3)
    assert blocks.count() == 0


def test_a_missing_column_is_named(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match="a column value double"):
        pack_rows(spark.createDataFrame([("a", 1)], "row_id string, column_index int"), n_blocks=1)
