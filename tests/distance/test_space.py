import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from scipy.spatial.distance import cdist
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from cxspark.contracts.errors import ConfigError
from cxspark.distance import POINTS, Moments, fit_space, measure_points
from cxspark.distance.covariance import Remedy, dependent_columns

SIX = np.array([[100, 10], [150, 15], [200, 20], [120, 12], [180, 18], [220, 22]], np.float64)


def sample(seed: int, n_rows: int = 40, n_columns: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, n_columns)) * 10.0 ** rng.integers(-3, 4, n_columns)


def names_of(values: np.ndarray) -> list[str]:
    return [f"f{place}" for place in range(values.shape[1])]


@example(280, [1])
@given(st.integers(0, 2**32), st.lists(st.integers(0, 40), min_size=0, max_size=5))
def test_moments_of_parts_merge_to_those_of_the_whole(seed: int, cuts: list[int]) -> None:
    values = sample(seed) + 1e6
    merged = Moments.of(values[:0])
    for part in np.split(values, sorted(cuts)):
        merged = merged.merged(Moments.of(part))
    # Means of 1e6 are rounded by 1e-10, a 1e-7th of the least deviation: no covariance, however
    # near to 0, is more exact than that share of its two deviations.
    expected = np.cov(values.T)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert merged.covariance() / scale == pytest.approx(expected / scale, abs=1e-6)
    assert merged.mean == pytest.approx(values.mean(axis=0), rel=1e-12)
    assert (merged.least == values.min(axis=0)).all()
    assert (merged.greatest == values.max(axis=0)).all()


def test_points_are_measured_in_one_pass_without_those_that_miss_a_value(
    spark: SparkSession,
) -> None:
    rows = [("a", [1.0, 2.0]), ("b", [3.0, 6.0]), ("c", [None, 5.0]), ("d", [2.0, 1.0])]
    points = spark.createDataFrame(rows, POINTS.schema).repartition(3)
    found = Moments.from_row(measure_points(points, n_columns=2).collect()[0])
    assert (found.n_rows, found.n_missing) == (3, 1)
    assert found.mean == pytest.approx([2.0, 3.0])
    assert found.comoments == pytest.approx(np.array([[2.0, 4.0], [4.0, 14.0]]))
    nothing = measure_points(points.limit(0), n_columns=2).collect()
    assert [row["n_rows"] for row in nothing] == [0]


def test_scaled_points_are_those_of_scikit_learn() -> None:
    values = sample(1)
    moments, names = Moments.of(values), names_of(values)
    standard = fit_space(moments, names, scale="standard").place(values)
    assert standard == pytest.approx(StandardScaler().fit_transform(values), rel=1e-9)
    minmax = fit_space(moments, names, scale="minmax").place(values)
    assert minmax == pytest.approx(MinMaxScaler().fit_transform(values), rel=1e-9)


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
def test_whitened_points_have_mahalanobis_distances_whatever_the_scale(scale: str) -> None:
    values = sample(2)
    space = fit_space(Moments.of(values), names_of(values), scale=scale, whiten=True)
    inverse = np.linalg.inv(np.cov(values.T))
    expected = cdist(values, values, "mahalanobis", VI=inverse)
    places = space.place(values)
    assert cdist(places, places) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_equal_points_have_equal_places_whatever_stands_beside_them() -> None:
    values = sample(3)
    space = fit_space(Moments.of(values), names_of(values), scale="standard", whiten=True)
    for n_rows in range(1, 20):
        assert (space.place(values[:n_rows]) == space.place(values)[:n_rows]).all()


def test_customers_on_one_line_are_refused_with_the_columns_named() -> None:
    with pytest.raises(
        ConfigError,
        match=r"of 6 customers; found (count follows from amount|amount follows from count);",
    ):
        fit_space(Moments.of(SIX), ["amount", "count"], scale="none", whiten=True)


@given(st.integers(0, 2**32), st.floats(-9, 9), st.floats(-9, 9))
def test_a_column_made_of_others_is_found_in_any_unit(seed: int, size: float, unit: float) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, 50))
    values = np.column_stack([a * 10.0**size, b, c, (a + 2 * b) * 10.0**unit])
    (problem,) = dependent_columns(np.cov(values.T), ["a", "b", "c", "d"])
    assert set(problem.replace(" follows from ", ", ").split(", ")) == {"a", "b", "d"}
    assert dependent_columns(np.cov(values[:, :3].T), ["a", "b", "c"]) == []


def test_a_constant_column_is_named_though_its_mean_is_rounded() -> None:
    values = np.column_stack([np.full(37, 0.1), np.arange(37.0), np.arange(37.0) ** 2])
    moments = Moments.of(values)
    with pytest.raises(ConfigError, match="found a is constant;"):
        fit_space(moments, ["a", "b", "c"], scale="none", whiten=True)
    with pytest.raises(ConfigError, match="the same value everywhere of a;"):
        fit_space(moments, ["a", "b", "c"], scale="standard")


def test_a_ridge_makes_it_work() -> None:
    remedy = Remedy(ridge=0.1)
    space = fit_space(
        Moments.of(SIX), ["amount", "count"], scale="none", whiten=True, remedy=remedy
    )
    covariance = np.cov(SIX.T)
    mended = covariance + 0.1 * np.trace(covariance) / 2 * np.eye(2)
    expected = cdist(SIX, SIX, "mahalanobis", VI=np.linalg.inv(mended))
    places = space.place(SIX)
    assert cdist(places, places) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_shrinkage_pulls_to_equal_variances() -> None:
    covariance = np.array([[3.0, 1.0], [1.0, 1.0]])
    assert Remedy(shrinkage=0.5).applied(covariance).tolist() == [[2.5, 0.5], [0.5, 1.5]]


@pytest.mark.parametrize("values", [np.empty((0, 2)), np.empty((3, 0))])
def test_nothing_to_compare_is_an_error(values: np.ndarray) -> None:
    with pytest.raises(ConfigError, match="numeric features"):
        fit_space(Moments.of(values), names_of(values), scale="none")
