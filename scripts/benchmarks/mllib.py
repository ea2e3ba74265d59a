"""MLlib's own way to recommend, by the factors and cells that are in the job's tables."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml.recommendation import ALSModel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from cxspark.contracts.factors import ITEM_FACTORS, USER_FACTORS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.contracts.table import Table
from cxspark.runtime.location import Location

Factors = NDArray[np.float32]
Floats = NDArray[np.float64]


class Mllib:
    """recommendForAllUsers with given factors.

    Args:
        spark: the session.
        location: where the tables are.
        seen: users x items; what each user has.
        rank: how many factors each has.
    """

    def __init__(
        self, spark: SparkSession, location: Location, seen: csr_matrix, *, rank: int
    ) -> None:
        self._spark = spark
        self._location = location
        self._seen = seen
        self._rank = rank

    def alone(self, scores: Floats) -> tuple[float, bool]:
        """Seconds of a second call, and whether what it gives that wasn't seen is the same.

        Factors are in memory, and what comes is thrown away.
        """
        factors = [self._numbered(one).persist() for one in (USER_FACTORS, ITEM_FACTORS)]
        for one in factors:
            one.count()
        for _ in range(2):
            start = time.perf_counter()
            found = self._call(*factors, n=scores.shape[1])
            found.write.format("noop").mode("overwrite").save()
            seconds = time.perf_counter() - start
        agrees = self._agrees(found, scores)
        for one in factors:
            one.unpersist()
        return seconds, agrees

    def as_job(self, scores: Floats, path: Path) -> tuple[float, bool]:
        """Seconds of a second run, and whether its lists are the same: Delta tables in and out.

        As many more items as a user may have; those that she has are struck out, the best stay.
        """
        n, most = scores.shape[1], int(np.diff(self._seen.indptr).max())
        by_user = Window.partitionBy("user_id").orderBy(F.desc("rating"), "item_id")
        for _ in range(2):
            start = time.perf_counter()
            users, items = self._numbered(USER_FACTORS), self._numbered(ITEM_FACTORS)
            found = self._call(users, items, n=n + most)
            picks = found.select("user", F.inline("recommendations"))
            for name, ids in (("user", users), ("item", items)):
                names = ids.select(F.col("id").alias(name), f"{name}_id")
                picks = picks.join(F.broadcast(names), name)
            new = picks.join(self._read(USER_ITEM), ["user_id", "item_id"], "left_anti")
            best = new.withColumn("rank", F.row_number().over(by_user)).where(F.col("rank") <= n)
            lists = best.select("user_id", "rank", "item_id", "rating")
            lists.write.format("delta").mode("overwrite").save(str(path))
            seconds = time.perf_counter() - start
        written = self._spark.read.format("delta").load(str(path)).orderBy("user_id", "rank")
        theirs = written.select("rating").toArrow()["rating"].to_numpy().reshape(-1, n)
        return seconds, bool(np.allclose(theirs, scores, rtol=1e-4))

    def _read(self, table: Table) -> DataFrame:
        return self._spark.table(self._location.address(table))

    def _numbered(self, table: Table) -> DataFrame:
        """Factors as MLlib's model has them, and whose they are."""
        kind = "user" if table is USER_FACTORS else "item"
        return self._read(table).select(
            F.col(f"{kind}_index").alias("id"), F.col("factors").alias("features"), f"{kind}_id"
        )

    def _call(self, users: DataFrame, items: DataFrame, *, n: int) -> DataFrame:
        assert self._spark._jvm is not None
        java = self._spark._jvm.org.apache.spark.ml.recommendation.ALSModel
        factors = (one.select("id", "features")._jdf for one in (users, items))
        fitted = java("bench", self._rank, *factors)
        model = ALSModel(fitted.setUserCol("user").setItemCol("item"))
        return model.recommendForAllUsers(n)

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
