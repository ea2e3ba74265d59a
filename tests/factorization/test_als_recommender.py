import numpy as np
from recommender_contract import RecommenderContract
from scipy.sparse import csr_matrix

from cxspark.factorization.als_recommender import AlsRecommender, FoldInScorer
from cxspark.factorization.fold_in import FoldIn


class TestAls(RecommenderContract):
    recommender = AlsRecommender(30.0, rank=4, iterations=3)


def test_parts_add_up_to_the_score() -> None:
    rng = np.random.default_rng(2)
    items = rng.normal(size=(6, 3)).astype(np.float32)
    scorer = FoldInScorer(FoldIn(items, reg=0.3, alpha=5.0, implicit=True))
    rows = csr_matrix(rng.poisson(0.6, (4, 6)).astype(float))
    columns = np.tile(np.arange(6), (4, 1))
    (scores,) = scorer.score(rows)
    owner = np.repeat(np.arange(4), np.diff(rows.indptr))
    sums = np.zeros((4, 6))
    np.add.at(sums, owner, scorer.parts(rows, columns))
    np.testing.assert_allclose(sums, scores, atol=1e-4)
