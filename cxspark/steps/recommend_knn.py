"""Recommend what the users nearest to a user have, and what is popular where that isn't enough."""

from functools import partial

from pyspark.sql import SparkSession

from cxspark.contracts.keeping import keep, release
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM, USER_NEIGHBORS
from cxspark.distance import count_blocks, nearest_blocks, pack_rows, unpack_nearest
from cxspark.neighbors.popularity import cells_by_item_rank, measure_cells, rank_items, recent_since
from cxspark.neighbors.recommend import ALGORITHM, name_neighbors, recommend_items
from cxspark.neighbors.settings import RecommendKnnSettings
from cxspark.runtime.session import small_records
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates


def run(spark: SparkSession, settings: RecommendKnnSettings, tables: Tables) -> None:
    """Pack the matrix once, find neighbours in it, and recommend from them."""
    user_item = tables.read(USER_ITEM)
    known = measure_cells(user_item).collect()[0]
    n_blocks = count_blocks(known["n_users"], block_rows=settings.block_rows)
    recent_micros = recent_since(known["newest_micros"], days=settings.popular_days)
    items = keep(rank_items(user_item, recent_micros=recent_micros))
    rows = pack_rows(cells_by_item_rank(user_item, items), n_blocks=n_blocks)
    with small_records(spark):  # as cells are, and blocks aren't
        tables.side_by_side(
            partial(tables.create, USER_NEIGHBORS),
            partial(tables.create, RECOMMENDATIONS),
            partial(tables.watch, USER_NEIGHBORS, RECOMMENDATIONS),
            items.count,
            partial(keep, rows),  # which plans it: that takes as long as the items do
        )
        rows.count()
    nearest = keep(
        nearest_blocks(
            rows,
            rows,
            k=settings.k,
            n_blocks=n_blocks,
            metric=settings.metric,
            same=True,
            min_cells=settings.min_items,
            keep_rows=True,
            broadcast=settings.broadcast,
        )
    )
    nearest.count()
    recommendations = recommend_items(
        *(nearest, items),
        n=settings.n,
        metric=settings.metric,
        neighbor_weight=settings.neighbor_weight,
    )
    ours = f"algorithm = '{ALGORITHM}'"
    neighbors = name_neighbors(unpack_nearest(nearest), metric=settings.metric)
    write = partial(tables.overwrite, where=ours, part=ALGORITHM)
    tables.side_by_side(
        partial(write, USER_NEIGHBORS, neighbors), partial(write, RECOMMENDATIONS, recommendations)
    )
    release(nearest, rows, items)


STEP = Step(
    name="recommend_knn",
    summary="user-item matrix -> each user's nearest users, and recommendations from them",
    settings=RecommendKnnSettings,
    reads=(USER_ITEM,),
    writes=(USER_NEIGHBORS, RECOMMENDATIONS),
    run=run,
    rows=estimates.recommended_by_knn,
    needs=estimates.matrix_search,
)
