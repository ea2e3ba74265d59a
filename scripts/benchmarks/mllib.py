"""MLlib's own way to recommend, from factors and cells that are in memory."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALSModel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

Factors = NDArray[np.float32]
Floats = NDArray[np.float64]


class Mllib:
    """recommendForAllUsers with given factors.

    Args:
        spark: the session.
        users: users x rank.
        items: items x rank.
        seen: users x items; what each user has.
    """

    def __init__(
        self, spark: SparkSession, users: Factors, items: Factors, seen: csr_matrix
    ) -> None:
        cells = seen.tocoo()
        numbered = [
            {"id": pa.array(np.arange(len(one)), pa.int32()), "features": to_lists(one)}
            for one in (users, items)
        ]
        pairs = {"user": cells.row.astype(np.int32), "item": cells.col.astype(np.int32)}
        self._frames = [_in_memory(spark, columns) for columns in (*numbered, pairs)]
        assert spark._jvm is not None
        java = spark._jvm.org.apache.spark.ml.recommendation.ALSModel
        factors = (frame._jdf for frame in self._frames[:2])
        fitted = java("bench", users.shape[1], *factors)
        self._model = ALSModel(fitted.setUserCol("user").setItemCol("item"))
        self._seen = seen

    def as_it_is(self, scores: Floats) -> tuple[float, bool]:
        """Seconds of a second run, and whether what it gives that wasn't seen is the same."""
        for _ in range(2):
            start = time.perf_counter()
            found = self._model.recommendForAllUsers(scores.shape[1])
            found.write.format("noop").mode("overwrite").save()
            seconds = time.perf_counter() - start
        return seconds, self._agrees(found, scores)

    def to_the_same_lists(self, scores: Floats, path: Path) -> tuple[float, bool]:
        """Seconds of a second run, and whether its lists are the same.

        As many more items as a user may have; those that she has are struck out, the best stay.
        """
        n, most = scores.shape[1], int(np.diff(self._seen.indptr).max())
        by_user = Window.partitionBy("user").orderBy(F.desc("rating"), "item")
        for _ in range(2):
            start = time.perf_counter()
            found = self._model.recommendForAllUsers(n + most)
            picks = found.select("user", F.inline("recommendations"))
            new = picks.join(self._frames[2], ["user", "item"], "left_anti")
            best = new.withColumn("rank", F.row_number().over(by_user)).where(F.col("rank") <= n)
            best.write.mode("overwrite").parquet(str(path))
            seconds = time.perf_counter() - start
        written = pq.read_table(path).sort_by([("user", "ascending"), ("rank", "ascending")])
        theirs = written["rating"].to_numpy().reshape(-1, n)
        return seconds, bool(np.allclose(theirs, scores, rtol=1e-4))

    def close(self) -> None:
        """Make room."""
        for frame in self._frames:
            frame.unpersist()

    def _agrees(self, found: DataFrame, scores: Floats) -> bool:
        """Whether the scores that remain without what was seen start ours, user by user."""
        listed = found.select("user", F.posexplode("recommendations").alias("place", "pick"))
        table = listed.select("user", "place", "pick.item", "pick.rating").toArrow()
        user, place, item = (table[name].to_numpy() for name in ("user", "place", "item"))
        rating = np.full(scores.shape, np.nan)
        rating[user, place] = table["rating"].to_numpy()
        chosen = np.zeros(scores.shape, np.int64)
        chosen[user, place] = item
        owner = np.repeat(np.arange(len(scores)), scores.shape[1])
        is_new = np.asarray(self._seen[owner, chosen.ravel()]).reshape(scores.shape) == 0
        order = np.argsort(~is_new, axis=1, kind="stable")
        theirs = np.take_along_axis(np.where(is_new, rating, np.nan), order, axis=1)
        same = np.isclose(theirs, scores, rtol=1e-4) | np.isnan(theirs)
        return bool(same.all() and not np.isnan(rating).any())


def to_lists(factors: Factors) -> pa.ListArray:
    """Each row as a list."""
    starts = pa.array(np.arange(len(factors) + 1) * factors.shape[1], pa.int32())
    return pa.ListArray.from_arrays(starts, pa.array(factors.ravel()))


def _in_memory(spark: SparkSession, columns: dict[str, pa.Array]) -> DataFrame:
    frame = spark.createDataFrame(pa.table(columns)).persist()
    frame.count()
    return frame
