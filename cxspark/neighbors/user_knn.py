"""The users' k-NN as a recommender among others."""

from dataclasses import dataclass
from typing import ClassVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.distance import ProductMetric, nearest_blocks
from cxspark.evaluation.recommender import RANKED, Recommender, Training
from cxspark.neighbors.recommend import recommend_items
from cxspark.neighbors.settings import NeighborWeight


@dataclass(frozen=True)
class UserKnn(Recommender):
    """What the nearest users have, and what is popular where that isn't enough.

    Attributes:
        half_life_days: days after which a weight counts half.
        k: neighbours.
        metric: the distance between users.
        neighbor_weight: what a neighbour counts: as in the job's settings.
    """

    half_life_days: float | None = None
    k: int = 50
    metric: ProductMetric = "cosine"
    neighbor_weight: NeighborWeight = "distance"
    algorithm: ClassVar[str] = "user_knn"

    def recommend(self, training: Training, *, n: int) -> DataFrame:
        """The lists of those asked for; all users of the training are each other's neighbours.

        Cost: every user meets every user (``nearest_blocks``), and has a list made.
        """
        rows = training.rows(self.half_life_days)
        nearest = nearest_blocks(
            rows,
            rows,
            k=self.k,
            n_blocks=1,  # only counts without broadcast
            metric=self.metric,
            same=True,
            min_cells=1,
            keep_rows=True,
        )
        chosen = recommend_items(
            *(nearest, training.items),
            n=n,
            metric=self.metric,
            neighbor_weight=self.neighbor_weight,
        )
        if training.asked is not None:
            chosen = chosen.join(training.asked, "user_id", "left_semi")
        columns = F.broadcast(training.items.select("item_id", "column_index"))
        return (
            chosen.join(columns, "item_id").withColumn("variant", F.lit(0)).select(*RANKED.columns)
        )
