import numpy as np
import pyarrow as pa
import pytest

from cxspark.contracts.errors import ContractError
from cxspark.distance.rows import RowBlock


def block(*cells: tuple[str, int, float]) -> RowBlock:
    ids, columns, values = zip(*cells, strict=True) if cells else ((), (), ())
    return RowBlock.of_cells(
        pa.array(ids, pa.string()), np.array(columns, np.int32), np.array(values, np.float64)
    )


def test_rows_are_in_the_order_of_their_ids_as_text() -> None:
    rows = block(("9", 0, 1.0), ("10", 1, 2.0), ("9", 2, 3.0))
    assert rows.ids.to_pylist() == ["10", "9"]
    assert rows.matrix.toarray().tolist() == [[0, 2, 0], [1, 0, 3]]


def test_doubled_cells_are_added() -> None:
    assert block(("a", 1, 1.0), ("a", 1, 2.5)).matrix.toarray().tolist() == [[0, 3.5]]


def test_a_block_survives_its_bytes() -> None:
    rows = block(("a", 0, 1.0), ("b", 3, 0.0), ("c", 2, -2.0), ("a", 4, 5.0))
    back = RowBlock.from_bytes(rows.to_bytes())
    assert back.ids.equals(rows.ids)
    assert back.matrix.nnz == 4
    assert back.matrix.toarray().tolist() == rows.matrix.toarray().tolist()


def test_an_empty_block_survives_its_bytes() -> None:
    back = RowBlock.from_bytes(block().to_bytes())
    assert (len(back.ids), back.matrix.shape) == (0, (0, 0))


def test_rows_with_too_few_cells_other_than_zero_are_left_out() -> None:
    rows = block(("a", 0, 1.0), ("a", 1, 0.0), ("b", 0, 1.0), ("b", 1, 2.0), ("c", 0, 0.0))
    assert rows.with_cells(0).ids.to_pylist() == ["a", "b", "c"]
    assert rows.with_cells(1).ids.to_pylist() == ["a", "b"]
    assert rows.with_cells(2).ids.to_pylist() == ["b"]
    assert rows.with_cells(1).matrix.nnz == 3


@pytest.mark.parametrize("cell", [("a", -1, 1.0), ("a", 0, np.nan), ("a", 0, np.inf)])
def test_a_cell_that_is_no_cell_is_refused(cell: tuple[str, int, float]) -> None:
    with pytest.raises(ContractError, match="columns from 0 and finite values"):
        block(cell)
