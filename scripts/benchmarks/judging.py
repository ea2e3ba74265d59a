"""Judging lists by what users took later, beside the time that the lists themselves took."""

import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.frame import Row, measured
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.evaluation import match_hits, metric_intervals, user_metrics
from cxspark.runtime.tables import Tables

_SEED, _K, _HELD_OUT, _SAMPLE = 11, 10, 5, 500


def judge(
    spark: SparkSession, tables: Tables, users: list[str], items: list[str], produced_s: float
) -> Row:
    """All rank metrics with intervals, for the lists of one job.

    Args:
        spark: the session.
        tables: where the lists are.
        users: all of them; each has items held out.
        items: the catalogue.
        produced_s: seconds in which the lists were made.
    """
    taken = np.random.default_rng(_SEED).integers(0, len(items), (len(users), _HELD_OUT))
    columns = {
        "user_id": np.repeat(np.array(users), _HELD_OUT),
        "item_id": np.array(items)[taken.ravel()],
    }
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        # From a file, as a job reads it: a plan that held the rows would be slow to look at.
        pq.write_table(pa.table(columns), file.name)
        held_out = spark.read.parquet(file.name).persist()
        held_out.count()
    lists = tables.read(RECOMMENDATIONS)
    with measured() as ours:
        scores = user_metrics(match_hits(lists, held_out, k=_K), k=_K)
        rows = metric_intervals(scores, baseline="user_knn", seed=_SEED).collect()
    equal = _as_by_hand(scores, lists, users[:_SAMPLE], np.array(items)[taken[:_SAMPLE]])
    held_out.unpersist()
    return Row(
        bench=f"judging {len(users):,} lists of {_K}, 6 metrics, 1,000 replicates",
        peer="recommend_knn, which made the lists",
        ours_s=ours.seconds,
        peer_s=produced_s,
        rows=len(rows),
        peak_mb=ours.peak_mb,
        equal=equal,
    )


def _as_by_hand(
    scores: DataFrame, lists: DataFrame, users: list[str], taken: NDArray[np.str_]
) -> bool:
    """Whether some users' nDCG is what numpy finds."""
    some = F.col("user_id").isin(users)
    found = {row["user_id"]: row["ndcg"] for row in scores.where(some).collect()}
    shown: dict[str, dict[int, str]] = {user: {} for user in users}
    for row in lists.where(some).select("user_id", "rank", "item_id").collect():
        shown[row["user_id"]][row["rank"]] = row["item_id"]
    for user, items in zip(users, taken, strict=True):
        wanted = set(items.tolist())
        gain = sum(1 / np.log2(1 + rank) for rank, item in shown[user].items() if item in wanted)
        ideal = sum(1 / np.log2(1 + rank) for rank in range(1, min(_K, len(wanted)) + 1))
        if not np.isclose(found[user], gain / ideal):
            return False
    return True
