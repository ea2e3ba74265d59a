"""From users and their neighbours to recommendations with reasons."""

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_NEIGHBORS
from cxspark.distance import NEAREST, ROW_BLOCKS, Metric, RowBlock, unpack_rows
from cxspark.neighbors.popularity import RANKED_ITEMS
from cxspark.neighbors.scoring import (
    Picks,
    fill_with_popular,
    pick_from_neighbors,
    share_picks,
)
from cxspark.neighbors.settings import NeighborWeight

ALGORITHM = "user_knn"

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
    rows: DataFrame,
    nearest: DataFrame,
    items: DataFrame,
    *,
    n: int,
    neighbor_weight: NeighborWeight = "uniform",
) -> DataFrame:
    """For every user the n best items that she hasn't: one row per user_id x rank.

    First what her neighbours have, by their total weight (origin neighbors; a reason for each
    neighbour who has it, the nearest first). Where that gives fewer than n, or she has no
    neighbours, what most users had in the last days (origin popular; its score counts them).
    Ties by the users who have the item at all, then by item_id. Reasons add up to the score.

    Args:
        rows: the users' cells, packed (``distance.ROW_BLOCKS``), columns as ``items`` numbers them.
        nearest: their neighbours (``distance.NEAREST``); users may be missing.
        items: ``RANKED_ITEMS``.
        n: items per user; fewer where she has nearly all.
        neighbor_weight: a neighbour's weights count once (uniform), or 1 / (1 + distance) times.

    Returns:
        ``RECOMMENDATIONS``.

    Cost: neighbours joined with their rows, then brought to their user's block: two shuffles, the
    greater one of k rows of the matrix per user. Items are broadcast as one record.
    """
    require_columns(rows, ROW_BLOCKS)
    require_columns(nearest, NEAREST)
    require_columns(items, RANKED_ITEMS)
    cells = unpack_rows(rows).withColumnRenamed("row_id", "neighbor_id").drop("block")
    neighbors = nearest.join(cells, "neighbor_id")
    entry = F.struct("column_index", "item_id", "n_users", "n_recent")
    catalogue = items.agg(F.array_sort(F.collect_list(entry)).alias("items"))
    recommend = partial(_recommend, n=n, neighbor_weight=neighbor_weight)
    return (
        rows.crossJoin(F.broadcast(catalogue))
        .groupBy("block")
        .cogroup(neighbors.groupBy("block"))
        .applyInArrow(recommend, _CHOSEN)
        .withColumn("algorithm", F.lit(ALGORITHM))
        .select(*RECOMMENDATIONS.columns)
    )


def _recommend(
    users: pa.Table, neighbors: pa.Table, *, n: int, neighbor_weight: NeighborWeight
) -> pa.Table:
    """One block of users, with all their neighbours' rows."""
    items = users["items"].combine_chunks().values
    item_ids, n_users, n_recent = (items.field(i) for i in (1, 2, 3))
    block = RowBlock.from_bytes(users["rows"][0].as_buffer())
    seen = block.widened(len(items))
    user = pc.index_in(neighbors["row_id"], block.ids).to_numpy()
    order = np.lexsort((neighbors["rank"].to_numpy(), user))
    near = _one_batch(neighbors).take(pa.array(order))
    links = _links(user[order], near["distance"].to_numpy(), seen.shape[0], neighbor_weight)
    theirs = _rows(near, len(items))

    picks = pick_from_neighbors(links, theirs, seen, n)
    shares = share_picks(picks, links, theirs)
    starts = np.searchsorted(shares.pick, np.arange(picks.user.size + 1))
    link = pa.array(shares.link)
    why = _reasons(
        "neighbor",
        starts,
        near["neighbor_id"].take(link),
        near["distance"].take(link),
        shares.contribution,
    )

    recent = n_recent.to_numpy().astype(np.float64)
    popular = np.argsort(-recent, kind="stable")
    popular = popular[n_users.to_numpy()[popular] > 0]
    more = fill_with_popular(picks, seen, popular, recent, n)
    ids = item_ids.take(pa.array(more.column))
    none = pa.nulls(len(ids), pa.float64())
    why_popular = _reasons("popularity", np.arange(len(ids) + 1), ids, none, more.score)
    return pa.concat_tables(
        [
            _chosen(picks, block.ids, item_ids, "neighbors", why),
            _chosen(more, block.ids, item_ids, "popular", why_popular),
        ]
    )


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    columns = [column.combine_chunks() for column in table.columns]
    return pa.RecordBatch.from_arrays(columns, names=table.column_names)


def _links(
    user: np.ndarray, distance: np.ndarray, n_users: int, neighbor_weight: NeighborWeight
) -> csr_matrix:
    """Users x neighbours: what each neighbour counts."""
    counts = np.ones(user.size) if neighbor_weight == "uniform" else 1.0 / (1.0 + distance)
    starts = np.searchsorted(user, np.arange(n_users + 1))
    return csr_matrix((counts, np.arange(user.size), starts), (n_users, user.size))


def _rows(neighbors: pa.RecordBatch, n_items: int) -> csr_matrix:
    """Neighbours x items: their positive weights."""
    indices, values = neighbors["column_indices"], neighbors["column_values"]
    matrix = csr_matrix(
        (values.flatten().to_numpy(), indices.flatten().to_numpy(), indices.offsets.to_numpy()),
        (neighbors.num_rows, n_items),
        copy=True,
    )
    matrix.eliminate_zeros()
    return matrix


def _chosen(
    picks: Picks, user_ids: pa.Array, item_ids: pa.Array, origin: str, reasons: pa.Array
) -> pa.Table:
    """Picks as rows of recommendations."""
    return pa.table(
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
