from collections import defaultdict
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from cxspark.distance.kernel import extend_nearest
from cxspark.distance.metrics import Metric
from cxspark.distance.nearest import Nearest
from cxspark.distance.rows import RowBlock

METRICS: list[Metric] = ["euclidean", "cosine", "jaccard", "manhattan"]
Rows = dict[str, np.ndarray]


def exact(metric: Metric, a: np.ndarray, b: np.ndarray) -> Fraction:
    """What orders as the distance does, without rounding."""
    x, y = ([Fraction(float(value)) for value in row] for row in (a, b))
    if metric == "euclidean":
        return sum(((p - q) ** 2 for p, q in zip(x, y, strict=True)), Fraction(0))
    if metric == "cosine":
        dot = sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))
        norms = sum(p * p for p in x) * sum(q * q for q in y)
        return -dot * abs(dot) / norms if norms else Fraction(0)
    if metric == "manhattan":
        return sum((abs(p - q) for p, q in zip(x, y, strict=True)), Fraction(0))
    either = sum(bool(p or q) for p, q in zip(x, y, strict=True))
    common = sum(bool(p and q) for p, q in zip(x, y, strict=True))
    return Fraction(either - common, either) if either else Fraction(1)


def brute_force(rows: Rows, others: Rows, k: int, metric: Metric, same: bool) -> dict[str, list]:
    return {
        one: sorted(
            (exact(metric, row, other), name)
            for name, other in others.items()
            if not (same and name == one)
        )[:k]
        for one, row in rows.items()
    }


def in_blocks(rows: Rows, n_blocks: int) -> list[RowBlock]:
    parts: dict[int, list[str]] = defaultdict(list)
    for place, name in enumerate(rows):
        parts[place % n_blocks].append(name)
    return [
        RowBlock(
            pa.array(sorted(names), pa.string()),
            csr_matrix(np.array([rows[name] for name in sorted(names)])),
        )
        for _, names in sorted(parts.items())
    ]


def search(
    rows: Rows, others: Rows, *, k: int, metric: Metric, same: bool = False, n_blocks: int = 1
) -> dict[str, list[tuple[float, str]]]:
    found: dict[str, list[tuple[float, str]]] = {name: [] for name in rows}
    candidates = in_blocks(others, n_blocks)
    for number, queries in enumerate(in_blocks(rows, n_blocks)):
        nearest = Nearest.none()
        for other, block in enumerate(candidates):
            nearest = extend_nearest(
                nearest, queries, block, k=k, metric=metric, same=same and number == other
            )
        ids = queries.ids.take(pa.array(nearest.query)).to_pylist()
        names = nearest.neighbor_id.to_pylist()
        for one, name, distance in zip(ids, names, nearest.distance.tolist(), strict=True):
            found[one].append((distance, name))
    return found


@st.composite
def counts(draw: st.DrawFn) -> Rows:
    """Counts, small or huge: many rows with one item, with nothing, or the same."""
    n_rows, n_columns = draw(st.integers(1, 30)), draw(st.integers(1, 6))
    seed, share = draw(st.integers(0, 2**32)), draw(st.sampled_from([0.1, 0.4, 0.9]))
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 4, (n_rows, n_columns)) * (rng.random((n_rows, n_columns)) < share)
    values *= draw(st.sampled_from([1, 2**16, 2**20]))
    names = rng.permutation(n_rows)
    return {f"u{name}": row.astype(float) for name, row in zip(names, values, strict=True)}


@settings(max_examples=200)
@given(counts(), st.sampled_from(METRICS), st.integers(1, 7), st.integers(1, 4))
def test_each_row_gets_the_k_nearest_others_with_ties_by_id(
    rows: Rows, metric: Metric, k: int, n_blocks: int
) -> None:
    found = search(rows, rows, k=k, metric=metric, same=True, n_blocks=n_blocks)
    expected = brute_force(rows, rows, k, metric, same=True)
    assert {one: [name for _, name in near] for one, near in found.items()} == {
        one: [name for _, name in near] for one, near in expected.items()
    }


@settings(max_examples=100)
@given(counts(), counts(), st.sampled_from(METRICS), st.integers(1, 7), st.integers(1, 4))
def test_a_second_set_may_have_other_rows_and_columns(
    rows: Rows, others: Rows, metric: Metric, k: int, n_blocks: int
) -> None:
    width = max(len(row) for row in [*rows.values(), *others.values()])
    wide, wide_others = (
        {name: np.pad(row, (0, width - len(row))) for name, row in part.items()}
        for part in (rows, others)
    )
    found = search(rows, others, k=k, metric=metric, n_blocks=n_blocks)
    expected = brute_force(wide, wide_others, k, metric, same=False)
    assert {one: [name for _, name in near] for one, near in found.items()} == {
        one: [name for _, name in near] for one, near in expected.items()
    }


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_real_weights_of_very_different_size_give_the_true_distances(
    seed: int, n_blocks: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(60, 5)) * 10.0 ** rng.integers(-3, 7, (60, 1))
    rows = {f"u{number:02d}": row for number, row in enumerate(values)}
    found = search(rows, rows, k=5, metric="euclidean", same=True, n_blocks=n_blocks)
    between = np.sqrt(((values[:, None] - values[None]) ** 2).sum(axis=2))
    np.fill_diagonal(between, np.inf)
    expected = np.sort(between, axis=1)[:, :5]
    assert np.array([[d for d, _ in near] for near in found.values()]) == pytest.approx(
        expected, rel=1e-12
    )


@pytest.mark.parametrize("n_rows", [4_000, 17_000])
@pytest.mark.parametrize("weight", [1.0, 1.5])
def test_thousands_at_one_distance_are_settled_by_id(n_rows: int, weight: float) -> None:
    one_item = {f"u{number:05d}": weight * np.eye(50)[number % 50] for number in range(n_rows)}
    found = search({"q": np.zeros(50)}, one_item, k=5, metric="euclidean", n_blocks=1)
    assert found["q"] == [(weight, f"u{number:05d}") for number in range(5)]


@pytest.mark.parametrize("n_blocks", [1, 3])
def test_thousands_at_one_cosine_are_settled_by_id(n_blocks: int) -> None:
    # 49 times the rounded 1 / 49 is less than 1: by the products alone the first are farther.
    one_item = {
        f"u{number:04d}": np.array([49.0 if number < 50 else 1.0]) for number in range(4_000)
    }
    found = search({"q": np.array([1.0])}, one_item, k=5, metric="cosine", n_blocks=n_blocks)
    assert found["q"] == [(0.0, f"u{number:04d}") for number in range(5)]


def test_ids_are_ordered_as_text() -> None:
    rows = {name: np.array([1.0]) for name in ("10", "9", "é", "z", "Z")}
    found = search({"q": np.array([1.0])}, rows, k=5, metric="euclidean")
    assert [name for _, name in found["q"]] == ["10", "9", "Z", "z", "é"]


@pytest.mark.parametrize("metric", METRICS)
def test_fewer_than_k_others_are_all_given(metric: Metric) -> None:
    rows = {"a": np.array([1.0, 0.0]), "b": np.array([0.0, 1.0])}
    found = search(rows, rows, k=5, metric=metric, same=True)
    assert [name for _, name in found["a"]] == ["b"]
    assert search({"a": np.ones(2)}, {"a": np.ones(2)}, k=5, metric=metric, same=True) == {"a": []}


@pytest.mark.parametrize("metric", METRICS)
def test_no_candidates_leave_what_was_found(metric: Metric) -> None:
    queries = in_blocks({"a": np.ones(2)}, 1)[0]
    nothing = RowBlock(pa.array([], pa.string()), csr_matrix((0, 0)))
    found = extend_nearest(Nearest.none(), queries, nothing, k=3, metric=metric)
    assert found.query.size == 0
    found = extend_nearest(Nearest.none(), nothing, queries, k=3, metric=metric)
    assert found.query.size == 0


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
def test_full_rows_far_from_the_origin_with_doubles_among_them_are_settled_by_id(
    metric: Metric,
) -> None:
    rng = np.random.default_rng(5)
    values = np.repeat(rng.normal(size=(300, 7)) + 100.0, 9, axis=0)
    rows = {f"u{number:04d}": row for number, row in enumerate(values)}
    asked = {name: rows[name] for name in list(rows)[::101]}
    found = search(asked, rows, k=5, metric=metric, n_blocks=1)
    for number, name in enumerate(asked):
        first = number * 101 // 9 * 9
        assert [other for _, other in found[name]] == [f"u{first + i:04d}" for i in range(5)]


def test_columns_beyond_those_compared_come_along() -> None:
    rows = {"a": np.array([0.0, 5.0]), "b": np.array([1.0, 6.0]), "c": np.array([1.5, 4.0])}
    (block,) = in_blocks(rows, 1)
    found = extend_nearest(
        *(Nearest.none(), block, block),
        k=1,
        metric="euclidean",
        same=True,
        keep_rows=True,
        n_compared=1,
    )
    assert found.neighbor_id.to_pylist() == ["b", "c", "b"]
    assert found.rows.toarray().tolist() == [[6.0], [4.0], [6.0]]
