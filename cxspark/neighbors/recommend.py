"""From users and their neighbours to recommendations with reasons."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_NEIGHBORS
from cxspark.distance import (
    NEAREST,
    NEAREST_BLOCKS,
    Metric,
    Nearest,
    RowBlock,
    spare_modules,
    widened,
)
from cxspark.neighbors.popularity import RANKED_ITEMS
from cxspark.neighbors.scoring import (
    Picks,
    fill_with_popular,
    pick_from_neighbors,
    share_picks,
)
from cxspark.neighbors.settings import NeighborWeight

ALGORITHM = "user_knn"

# From here on users have nothing in common: what such a neighbour has says nothing.
_UNLIKE: dict[Metric, float] = {"cosine": 1.0, "jaccard": 1.0}

_CHOSEN = (
    "user_id string, rank int, item_id string, score double, origin string, "
    "reasons array<struct<kind: string, id: string, distance: double, contribution: double>>"
)


def name_neighbors(nearest: DataFrame, *, metric: Metric) -> DataFrame:
    """The rows nearest to each user's as ``USER_NEIGHBORS``: one row per user_id x rank."""
    require_columns(nearest, NEAREST)
    return nearest.select(
        F.lit(ALGORITHM).alias("algorithm"),
        F.col("row_id").alias("user_id"),
        "rank",
        "neighbor_id",
        "distance",
        F.lit(metric).alias("metric"),
    ).select(*USER_NEIGHBORS.columns)


def recommend_items(
    nearest: DataFrame,
    items: DataFrame,
    *,
    n: int,
    metric: Metric = "euclidean",
    neighbor_weight: NeighborWeight = "uniform",
) -> DataFrame:
    """For every user the n best items that she hasn't: one row per user_id x rank.

    First what her neighbours have, by their total weight (origin neighbors; a reason for each
    neighbour who has it, the nearest first). Where that gives fewer than n, or she has no
    neighbours, what most users had in the last days (origin popular; its score counts them).
    Ties by the users who have the item at all, then by item_id. Reasons add up to the score.
    By cosine and Jaccard, neighbours at distance 1 or more have nothing in common with her, and
    count nothing; by Euclid's distance everyone counts who is among the nearest.

    Args:
        nearest: blocks of users with their neighbours and these neighbours' rows
            (``distance.NEAREST_BLOCKS``), columns as ``items`` numbers them.
        items: ``RANKED_ITEMS``.
        n: items per user; fewer where she has nearly all.
        metric: by which they are neighbours.
        neighbor_weight: a neighbour's weights count once (uniform), or 1 / (1 + distance) times.

    Returns:
        ``RECOMMENDATIONS``.

    Cost: no shuffle; items are broadcast as one record, a worker holds one block of users.
    """
    require_columns(nearest, NEAREST_BLOCKS)
    require_columns(items, RANKED_ITEMS)
    entry = F.struct("column_index", "item_id", "n_users", "n_recent")
    catalogue = items.agg(F.array_sort(F.collect_list(entry)).alias("items"))
    within = _UNLIKE.get(metric, np.inf)
    recommend = partial(_recommend, n=n, within=within, neighbor_weight=neighbor_weight)
    return (
        nearest.select(*NEAREST_BLOCKS.columns)
        .crossJoin(F.broadcast(catalogue))
        .mapInArrow(recommend, _CHOSEN)
        .withColumn("algorithm", F.lit(ALGORITHM))
        .select(*RECOMMENDATIONS.columns)
    )


def _recommend(
    batches: Iterator[pa.RecordBatch], *, n: int, within: float, neighbor_weight: NeighborWeight
) -> Iterator[pa.RecordBatch]:
    spare_modules()
    for batch in batches:
        for _, rows, stream, items in zip(*batch.columns, strict=True):
            users = RowBlock.from_bytes(rows.as_buffer())
            near = Nearest.from_bytes(stream.as_buffer())
            links = _links(near, len(users.ids), within, neighbor_weight)
            yield from _recommend_block(users, near, links, items.values, n)


def _recommend_block(
    users: RowBlock, near: Nearest, links: csr_matrix, items: pa.StructArray, n: int
) -> Iterator[pa.RecordBatch]:
    """What one block of users gets: from neighbours, then popular items."""
    item_ids, n_users, n_recent = (items.field(i) for i in (1, 2, 3))
    seen, theirs = widened(users.matrix, len(items)), widened(near.rows, len(items))
    picks = pick_from_neighbors(links, theirs, seen, n)
    shares = share_picks(picks, links, theirs)
    starts = np.searchsorted(shares.pick, np.arange(picks.user.size + 1))
    link = pa.array(shares.link)
    names, distances = near.neighbor_id.take(link), pa.array(near.distance).take(link)
    why = _reasons("neighbor", starts, names, distances, shares.contribution)
    yield _chosen(picks, users.ids, item_ids, "neighbors", why)

    recent = n_recent.to_numpy().astype(np.float64)
    popular = np.argsort(-recent, kind="stable")
    popular = popular[n_users.to_numpy()[popular] > 0]
    more = fill_with_popular(picks, seen, popular, recent, n)
    ids = item_ids.take(pa.array(more.column))
    none = pa.nulls(len(ids), pa.float64())
    why_popular = _reasons("popularity", np.arange(len(ids) + 1), ids, none, more.score)
    yield _chosen(more, users.ids, item_ids, "popular", why_popular)


def _links(
    near: Nearest, n_users: int, within: float, neighbor_weight: NeighborWeight
) -> csr_matrix:
    """Users x neighbours: what each neighbour counts."""
    heard = np.flatnonzero(near.distance < within)
    user, distance = near.query[heard], near.distance[heard]
    counts = np.ones(user.size) if neighbor_weight == "uniform" else 1.0 / (1.0 + distance)
    starts = np.searchsorted(user, np.arange(n_users + 1))
    return csr_matrix((counts, heard, starts), (n_users, near.query.size))


def _chosen(
    picks: Picks, user_ids: pa.Array, item_ids: pa.Array, origin: str, reasons: pa.Array
) -> pa.RecordBatch:
    """Picks as rows of recommendations."""
    return pa.RecordBatch.from_pydict(
        {
            "user_id": user_ids.take(pa.array(picks.user)),
            "rank": pa.array(picks.rank, pa.int32()),
            "item_id": item_ids.take(pa.array(picks.column)),
            "score": picks.score,
            "origin": pa.repeat(origin, picks.user.size),
            "reasons": reasons,
        }
    )


def _reasons(
    kind: str, starts: np.ndarray, ids: pa.Array, distances: pa.Array, contributions: np.ndarray
) -> pa.Array:
    """A list of reasons for each pick."""
    reasons = pa.StructArray.from_arrays(
        [pa.repeat(kind, len(ids)), ids, distances, pa.array(contributions)],
        names=["kind", "id", "distance", "contribution"],
    )
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), reasons)
