import numpy as np
from recommender_contract import RecommenderContract

from cxspark.factorization.item_knn import ItemKnn, similarities


class TestItemKnn(RecommenderContract):
    recommender = ItemKnn(neighbors=4, shrinkages=(0.0, 1.0))


def test_shrinkage_makes_little_of_few_users_in_common() -> None:
    products = np.array([[1.0, 1.0], [1.0, 1.0]])
    plain = similarities(products, shrinkage=0.0, neighbors=5)
    shrunk = similarities(products, shrinkage=3.0, neighbors=5)
    assert (plain[0, 1], shrunk[0, 1]) == (1.0, 0.25)


def test_of_equally_near_items_the_smaller_is_kept() -> None:
    products = np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]])
    kept = similarities(products, shrinkage=0.0, neighbors=1)
    assert np.argwhere(kept.toarray() > 0).tolist() == [[0, 1], [0, 2], [1, 0]]


def test_an_item_that_nobody_has_is_near_nothing() -> None:
    assert similarities(np.zeros((2, 2)), shrinkage=0.0, neighbors=1).nnz == 0
