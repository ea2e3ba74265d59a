from recommender_contract import RecommenderContract

from cxspark.neighbors.user_knn import UserKnn


class TestUserKnn(RecommenderContract):
    recommender = UserKnn(k=5)
    is_filled_up = True
