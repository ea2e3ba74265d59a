import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from recommender_contract import RecommenderContract

from cxspark.factorization.ease import Ease, weights_between


class TestEase(RecommenderContract):
    recommender = Ease(half_life_days=30.0, penalties=(0.5, 5.0))


class TestEaseOfTheMostPopular(RecommenderContract):
    recommender = Ease(half_life_days=None, penalties=(1.0,), max_items=5)


@given(st.integers(0, 10_000))
def test_each_item_is_the_ridge_regression_on_all_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.poisson(0.7, (12, 5)).astype(float)
    penalty = float(rng.uniform(0.1, 5))
    weights = weights_between(rows.T @ rows, penalty=penalty)
    for item in range(5):
        others = [other for other in range(5) if other != item]
        left = rows[:, others].T @ rows[:, others] + penalty * np.eye(4)
        expected = np.linalg.solve(left, rows[:, others].T @ rows[:, item])
        np.testing.assert_allclose(weights[others, item], expected, atol=1e-5)
        assert weights[item, item] == 0
