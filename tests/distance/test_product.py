import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from cxspark.distance.product import greatest_products

Entries = dict[int, set[int]]


def found(
    left: np.ndarray, right: np.ndarray, base: np.ndarray, floor: np.ndarray, n: int
) -> Entries:
    rows, columns, values = greatest_products(
        csr_matrix(left), csr_matrix(right), base, floor=floor, setback=np.zeros(len(left)), n=n
    )
    assert (np.diff(rows) >= 0).all()
    assert values.tolist() == (base + left @ right.T)[rows, columns].tolist()
    entries: Entries = {row: set() for row in range(len(left))}
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        assert column not in entries[row]
        entries[row].add(column)
    return entries


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 90), st.sampled_from([0.1, 0.7]))
def test_the_greatest_of_each_row_above_its_floor_are_found_the_smaller_column_first(
    seed: int, n: int, n_columns: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    left = rng.integers(-2, 3, (7, 5)) * (rng.random((7, 5)) < share) * 1.0
    right = rng.integers(-2, 3, (n_columns, 5)) * (rng.random((n_columns, 5)) < share) * 1.0
    base, floor = rng.integers(-3, 1, n_columns) * 1.0, rng.integers(-6, 3, 7) * 1.0
    values = base + left @ right.T
    expected = {
        row: set(
            [c for c in np.argsort(-values[row], kind="stable") if values[row, c] > floor[row]][:n]
        )
        for row in range(7)
    }
    assert found(left, right, base, floor, n) == expected


def test_columns_without_a_product_count_by_their_base() -> None:
    none = np.zeros((1, 3))
    base, floor = np.array([-4.0, -1.0]), np.array([-np.inf])
    assert found(none, np.zeros((2, 3)), base, floor, 1) == {0: {1}}
    assert found(none, np.zeros((2, 3)), base, floor, 5) == {0: {0, 1}}


def test_no_columns_and_no_rows_give_nothing() -> None:
    floor = np.array([-np.inf])
    assert found(np.ones((1, 2)), np.zeros((0, 2)), np.empty(0), floor, 3) == {0: set()}
    assert found(np.ones((0, 2)), np.ones((1, 2)), np.zeros(1), np.empty(0), 3) == {}


def test_a_setback_lets_the_smaller_column_win_of_values_that_rounding_tells_apart() -> None:
    left, right = csr_matrix([[1.0]]), csr_matrix([[1.0 - 2**-53], [1.0]])
    base, floor = np.zeros(2), np.array([-np.inf])
    for setback, column in ((0.0, 1), (2.0**-44, 0)):
        _, columns, _ = greatest_products(
            left, right, base, floor=floor, setback=np.array([setback]), n=1
        )
        assert columns.tolist() == [column]
