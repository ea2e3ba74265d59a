import pytest
from pyspark.sql import DataFrame, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.distance import CELLS, Nearest, nearest_blocks, pack_rows, unpack_nearest
from cxspark.distance.rows import RowBlock

Cells = list[tuple[str, int, float]]

# Rows a (1, 0), b (1, 1), c (4, 0), d (0, 0), e (1, 0).
FIVE: Cells = [
    ("a", 0, 1.0),
    ("b", 0, 1.0),
    ("b", 1, 1.0),
    ("c", 0, 4.0),
    ("d", 0, 0.0),
    ("e", 0, 1.0),
]
TWO_NEAREST = {
    "a": [("e", 0.0), ("b", 1.0)],
    "b": [("a", 1.0), ("e", 1.0)],
    "c": [("a", 3.0), ("e", 3.0)],
    "d": [("a", 1.0), ("e", 1.0)],
    "e": [("a", 0.0), ("b", 1.0)],
}


def packed(spark: SparkSession, cells: Cells, n_blocks: int = 3) -> DataFrame:
    return pack_rows(spark.createDataFrame(cells, CELLS.schema), n_blocks=n_blocks)


def collected(blocks: DataFrame) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for row in sorted(
        unpack_nearest(blocks).collect(), key=lambda row: (row["row_id"], row["rank"])
    ):
        near = found.setdefault(row["row_id"], [])
        near.append((row["neighbor_id"], row["distance"]))
        assert row["rank"] == len(near)
    return found


@pytest.mark.parametrize("broadcast", [True, False])
def test_the_nearest_are_the_same_whether_broadcast_or_paired(
    spark: SparkSession, broadcast: bool
) -> None:
    blocks = packed(spark, FIVE)
    nearest = nearest_blocks(blocks, blocks, k=2, n_blocks=3, same=True, broadcast=broadcast)
    assert collected(nearest) == TWO_NEAREST


def test_rows_with_too_few_cells_neither_have_neighbours_nor_are_one(spark: SparkSession) -> None:
    blocks = packed(spark, FIVE)
    found = collected(nearest_blocks(blocks, blocks, k=4, n_blocks=3, same=True, min_cells=1))
    assert set(found) == {"a", "b", "c", "e"}
    assert all("d" not in [name for name, _ in near] for near in found.values())


def test_another_set_is_searched_and_equal_ids_are_no_obstacle(spark: SparkSession) -> None:
    queries = packed(spark, [("a", 0, 1.0), ("q", 5, 2.0)], n_blocks=2)
    found = collected(nearest_blocks(queries, packed(spark, FIVE), k=1, n_blocks=2))
    assert found == {"a": [("a", 0.0)], "q": [("d", 2.0)]}


def test_no_candidates_give_no_neighbours(spark: SparkSession) -> None:
    found = nearest_blocks(packed(spark, FIVE), packed(spark, []), k=2, n_blocks=3)
    assert unpack_nearest(found).count() == 0


def test_frames_that_are_no_blocks_are_refused(spark: SparkSession) -> None:
    with pytest.raises(ContractError, match=r"row blocks: expected .*a column rows binary"):
        nearest_blocks(spark.range(1), spark.range(1), k=1, n_blocks=1)


@pytest.mark.parametrize("broadcast", [True, False])
def test_the_rows_of_those_found_come_along_without_zeros(
    spark: SparkSession, broadcast: bool
) -> None:
    blocks = packed(spark, [*FIVE, ("c", 1, 0.0)])
    found = nearest_blocks(
        blocks, blocks, k=1, n_blocks=3, same=True, keep_rows=True, broadcast=broadcast
    )
    rows = {}
    for row in found.collect():
        queries, nearest = RowBlock.from_bytes(row["rows"]), Nearest.from_bytes(row["nearest"])
        ids = queries.ids.to_pylist()
        rows.update(
            {
                ids[query]: (nearest.neighbor_id[place].as_py(), nearest.rows[place].nnz)
                for place, query in enumerate(nearest.query)
            }
        )
    assert rows == {"a": ("e", 1), "b": ("a", 1), "c": ("a", 1), "d": ("a", 1), "e": ("a", 1)}
