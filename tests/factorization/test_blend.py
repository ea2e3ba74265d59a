import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from recommender_contract import RecommenderContract
from scipy.sparse import csr_matrix

from cxspark.distance import pack_rows
from cxspark.factorization.blend import Blend, BlendScorer
from cxspark.factorization.blend_lists import BlendWay, recommend_by_blend
from cxspark.factorization.ease import Ease
from cxspark.factorization.linear import LinearScorer


class TestBlend(RecommenderContract):
    recommender = Blend(Ease(30.0, (1.0,)), (7.0, 30.0), (20.0,), (0.0, 0.5, 1.0))


PERSONAL = LinearScorer((np.array([[0, 1], [1, 0]], np.float32),), n_items=2)
POPULARITY = np.array([[1.0, -1.0]], np.float32)
LATELY = np.array([[0.5, -1.5, 1.0]], np.float32)


def scores(row: list[float], share: float) -> list[float]:
    scorer = BlendScorer(PERSONAL, POPULARITY, (share,))
    (found,) = scorer.score(csr_matrix(np.array([row])))
    return found[0].tolist()


def test_both_parts_are_standardised_and_added_by_the_share() -> None:
    # Personal scores of a user with the first item: 0 and log 2, standardised -1 and 1.
    assert scores([1.0, 0.0], 0.25) == [-0.5, 0.5]


def test_a_user_whose_items_the_personal_model_knows_nothing_of_gets_what_is_popular() -> None:
    two_of_three = LinearScorer((np.array([[0, 1], [1, 0]], np.float32),), n_items=3)
    scorer = BlendScorer(two_of_three, np.array([[1.0, -1.0, 0.0]], np.float32), (0.0,))
    is_heard, (found,) = scorer.hear(csr_matrix(np.array([[0.0, 0, 2], [1, 0, 0]])))
    assert is_heard.tolist() == [False, True]
    assert found[0].tolist() == [1.0, -1.0, 0.0]
    assert found[1].argmax() == 1


def test_lists_of_a_blend_that_is_all_popularity_say_so(spark: SparkSession) -> None:
    cells = spark.createDataFrame([("u", 0, 1.0)], "row_id string, column_index int, value double")
    personal = LinearScorer((np.arange(9, dtype=np.float32).reshape(3, 3),), n_items=3)
    for share, origin in ((0.5, "model"), (1.0, "popular")):
        way = BlendWay(
            BlendScorer(personal, LATELY, (share,)),
            pa.array(["a", "b", "c"]),
            np.ones(3, bool),
            n=2,
            n_reasons=None,
        )
        rows = recommend_by_blend(pack_rows(cells, n_blocks=1), way=way).collect()
        assert [(row["origin"], row["item_id"]) for row in rows] == [(origin, "c"), (origin, "b")]


def test_a_user_with_nothing_gets_what_is_popular_even_without_a_share() -> None:
    assert scores([0.0, 0.0], 0.0) == [1.0, -1.0]
