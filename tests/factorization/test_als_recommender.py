from recommender_contract import RecommenderContract

from cxspark.factorization.als_recommender import AlsRecommender


class TestAls(RecommenderContract):
    recommender = AlsRecommender(30.0, rank=4, iterations=3)
