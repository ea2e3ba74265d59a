import numpy as np
import pytest
from scipy.sparse import csr_matrix

from cxspark.distance.metrics import Metric, distances_between

# Six customers (amount, count): C1 C2 C3 D1 D2 D3.
CUSTOMERS = np.array(
    [[100.0, 10.0], [150.0, 15.0], [200.0, 20.0], [120.0, 12.0], [180.0, 18.0], [220.0, 22.0]]
)


def distance(metric: Metric, a: list[float], b: list[float]) -> float:
    return float(distances_between(metric, csr_matrix([a]), csr_matrix([b]))[0])


def test_euclidean_of_the_six_customers() -> None:
    c, d = CUSTOMERS[np.repeat([0, 1, 2], 3)], CUSTOMERS[np.tile([3, 4, 5], 3)]
    found = distances_between("euclidean", csr_matrix(c), csr_matrix(d))
    expected = [20.0998, 80.3990, 120.5985, 30.1496, 30.1496, 70.3491, 80.3990, 20.0998, 20.0998]
    assert found == pytest.approx(expected, abs=1e-4)
    assert found[3] == found[4]


def test_cosine_is_one_minus_the_cosine() -> None:
    assert distance("cosine", [1, 0], [1, 1]) == pytest.approx(1 - 1 / np.sqrt(2))
    assert distance("cosine", [1, 0], [-2, 0]) == 2
    assert distance("cosine", [1, 2], [3, 6]) == 0


def test_equal_cosines_are_equal_floats() -> None:
    a = [1.0, 1.0, 3.0]
    multiples = [distance("cosine", a, [n * 1.0, n * 2.0, n * 5.0]) for n in range(1, 50)]
    assert len(set(multiples)) == 1


def test_jaccard_counts_cells_that_are_not_zero() -> None:
    assert distance("jaccard", [1, 7, 0, 0], [0, 2, 9, -4]) == pytest.approx(1 - 1 / 4)
    stored_zero = csr_matrix((np.array([0.0, 1.0]), np.array([0, 1]), np.array([0, 2])), (1, 2))
    assert distances_between("jaccard", stored_zero, csr_matrix([[0.0, 5.0]])).tolist() == [0.0]


@pytest.mark.parametrize("metric", ["cosine", "jaccard"])
def test_a_row_of_zeros_has_nothing_in_common_with_any(metric: Metric) -> None:
    assert distance(metric, [0, 0], [1, 1]) == 1
    assert distance(metric, [0, 0], [0, 0]) == 1


def test_the_distance_of_equal_rows_is_zero_exactly() -> None:
    rows = csr_matrix(np.random.default_rng(0).normal(size=(50, 8)))
    assert not distances_between("euclidean", rows, rows).any()
    assert not distances_between("cosine", rows, rows).any()
