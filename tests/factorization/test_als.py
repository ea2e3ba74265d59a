import math

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_matrix

from cxspark.contracts.errors import ContractError
from cxspark.factorization.als import INDEXED_CELLS, Als
from cxspark.factorization.fold_in import FoldIn

N_USERS, N_ITEMS, RANK = 30, 20, 4


def weights() -> csr_matrix:
    """Weights of either sign; a user who only ever took things back, and one with a zero."""
    rng = np.random.default_rng(5)
    dense = rng.integers(-2, 6, (N_USERS, N_ITEMS)) * (rng.random((N_USERS, N_ITEMS)) < 0.3)
    dense[0], dense[1], dense[:, 0] = 0, 0, 1.3
    dense[0, :3], dense[1, 5] = -1, 1
    cells = csr_matrix(dense.astype(float))
    cells.data[-1] = 0.0
    return cells


def frame(spark: SparkSession, cells: csr_matrix) -> DataFrame:
    entries = cells.tocoo()
    rows = zip(entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True)
    return spark.createDataFrame(list(rows), INDEXED_CELLS.schema)


def dense_factors(found: DataFrame, n: int) -> np.ndarray:
    dense = np.zeros((n, RANK), np.float32)
    for index, factors in found.collect():
        dense[index] = factors
    return dense


@pytest.mark.parametrize("implicit", [True, False])
def test_folding_in_those_it_was_trained_on_gives_what_mllib_gave_them(
    spark: SparkSession, implicit: bool
) -> None:
    cells = weights()
    model = Als(rank=RANK, reg=0.05, alpha=3.0, iterations=3, implicit=implicit, blocks=2)
    model.fit(frame(spark, cells))
    users = dense_factors(model.user_factors_, N_USERS)
    items = dense_factors(model.item_factors_, N_ITEMS)
    folded = FoldIn(items, reg=0.05, alpha=3.0, implicit=implicit).users(cells)
    assert np.abs(users).max() > 0.1
    np.testing.assert_allclose(folded, users, rtol=1e-4, atol=1e-5)
    assert (folded[0] == 0).all() == implicit
    # Zeros aren't learnt from, nor what is of a user with nothing positive.
    assert model.n_cells_ == cells.nnz - 4 * implicit


def test_who_only_took_things_back_stands_in_nobodys_way(spark: SparkSession) -> None:
    rows = [(user, item, 1.0) for user in range(6) for item in range(3) if user % 3 != item]
    rows += [(6, 0, -5.0), (0, 3, -1.0)]
    model = Als(rank=8, iterations=2).fit(spark.createDataFrame(rows, INDEXED_CELLS.schema))
    assert {row["user_index"] for row in model.user_factors_.collect()} == set(range(6))
    assert {row["item_index"] for row in model.item_factors_.collect()} == {0, 1, 2}


def test_equations_that_training_cant_solve_are_named(spark: SparkSession) -> None:
    cells = spark.createDataFrame([(0, 0, 1.0)], INDEXED_CELLS.schema)
    with pytest.raises(ContractError, match=r"rank 4 with one solution; found .* reg 0; to do"):
        Als(rank=4, reg=0.0, iterations=1, implicit=False).fit(cells)


def test_contributions_are_what_the_equations_say_and_add_up_to_the_score() -> None:
    rng = np.random.default_rng(8)
    items = rng.standard_normal((6, 3)).astype(np.float32)
    dense = np.array([[2.0, 0, 0, 1, 0, 0], [0, -1.0, 4, 0, 0, 0], [0, 0, 0, 0, 0, 0]])
    rows, picks = csr_matrix(dense), np.array([[1, 5], [0, -1], [2, 3]])
    parts, users = FoldIn(items, reg=0.2, alpha=0.5, implicit=True).contributions(rows, picks)
    exact = items.astype(float)
    for user in range(2):
        confidence = 0.5 * np.abs(dense[user])
        left = exact.T @ exact + exact.T @ np.diag(confidence) @ exact
        left += 0.2 * np.sum(dense[user] > 0) * np.eye(3)
        inverse = np.linalg.inv(left)
        for place, pick in enumerate(picks[user]):
            wanted = [
                exact[pick] @ inverse @ exact[j] * (1 + confidence[j]) * (dense[user, j] > 0)
                for j in np.flatnonzero(dense[user])
            ]
            found = parts[rows.indptr[user] : rows.indptr[user + 1], place]
            np.testing.assert_allclose(found, np.array(wanted) * (pick >= 0), atol=1e-12)
            if pick >= 0:
                assert math.isclose(found.sum(), users[user] @ exact[pick], abs_tol=1e-12)
    assert (users[2] == 0).all()


def test_equations_without_a_solution_say_so() -> None:
    fold_in = FoldIn(np.ones((2, 3), np.float32), reg=0.0, alpha=1.0, implicit=False)
    with pytest.raises(ContractError, match="train with reg above 0"):
        fold_in.users(csr_matrix([[1.0, 0.0]]))
    with pytest.raises(ContractError, match="finite numbers; found 1"):
        fold_in.users(csr_matrix([[np.nan, 0.0]]))


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ((None, 1, 1.0), "1 null indices"),
        ((1, -1, 1.0), "1 negative indices"),
        ((1, 1, None), "1 null values"),
        ((1, 1, math.nan), "1 NaN values"),
        ((1, 1, -math.inf), "1 infinite values"),
        ((1, 1, 1e300), "1 infinite values"),
    ],
)
def test_cells_that_nothing_can_be_learnt_from_are_refused(
    spark: SparkSession, cell: tuple[object, ...], found: str
) -> None:
    schema = "user_index int, item_index int, value double"
    cells = spark.createDataFrame([(0, 0, 1.0), cell], schema)
    with pytest.raises(ContractError, match=f"indexed cells: expected .*; found {found}; to do"):
        Als(rank=2, iterations=1).fit(cells)


@pytest.mark.parametrize(("implicit", "values"), [(True, [0.0, -1.0]), (False, []), (True, [])])
def test_nothing_to_learn_from_is_an_error(
    spark: SparkSession, implicit: bool, values: list[float]
) -> None:
    cells = spark.createDataFrame([(0, 0, value) for value in values], INDEXED_CELLS.schema)
    with pytest.raises(ContractError, match="expected at least"):
        Als(rank=2, iterations=1, implicit=implicit).fit(cells)
