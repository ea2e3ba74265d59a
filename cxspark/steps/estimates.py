"""What each job would write and need, from the sizes of its inputs: for dry runs and refusals.

Rows are the most there can be. Of memory only what grows with the data is told: what any job needs
(`PYTHON_MB` in each Python process) is part of it. Bytes are those of the structures themselves;
what isn't known before a run is taken as `FEATURES` says, and by defaults.
"""

from collections.abc import Callable
from typing import Any, Protocol

from cxspark.contracts.classes import CLASSES
from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.events import BRONZE_EVENTS, SILVER_EVENTS
from cxspark.contracts.factors import ITEM_FACTORS
from cxspark.contracts.features import BRONZE_CUSTOMERS, CUSTOMERS, FEATURE_TABLES, FeatureChoice
from cxspark.contracts.preferences import (
    ITEM_INDEX,
    RECOMMENDATIONS,
    USER_INDEX,
    USER_ITEM,
    USER_NEIGHBORS,
)
from cxspark.contracts.segments import SEGMENTS
from cxspark.contracts.table import Table
from cxspark.distance import count_blocks
from cxspark.distance.settings import ComputeDistancesSettings
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.settings import RecommendAlsSettings, RecommendBlendSettings
from cxspark.ingest.customer_settings import IngestCustomersSettings
from cxspark.ingest.settings import IngestEventsSettings
from cxspark.neighbors.settings import ClassifyKnnSettings, RecommendKnnSettings
from cxspark.runtime.estimate import Need, Needs, Rows
from cxspark.runtime.sizes import Sizes
from cxspark.segmentation.settings import SegmentCustomersSettings
from cxspark.steps.training import BLOCK_ROWS

PYTHON_MB = 250.0
FEATURES = 32
_MB = 2**20
# A cell of a sparse matrix: column and value. A broadcast is collected, and then cut in pieces.
_CELL_BYTES, _COPIES = 12, 2
# What the search itself has in hand: distances of some rows to some others, and the k nearest.
_TILES_MB = 150.0
# An item's id and names beside its factors.
_ITEM_BYTES = 60
# Of ALS' users' cells as they come from Spark and as a matrix, measured; a worker has so many.
_USER_CELL_BYTES, BLOCK_CELLS = 170, 4_000_000
# Of an item x item matrix, a cell: five of double precision while the driver makes EASE's or item
# k-NN's of it (measured); one of them in a worker that sums up users; one of single in EASE's.
_MAKING_BYTES, _SUMMING_BYTES, _EASE_BYTES = 40, 8, 4


class OfCustomers(Protocol):
    """Settings of a job that takes features of customers."""

    @property
    def features(self) -> FeatureChoice:
        """Which."""


def row_for_row(*pairs: tuple[Table, Table]) -> Callable[[Any, Sizes], Rows]:
    """Of jobs that write at most one row for each that they read; pairs of written and read."""

    def rows(_settings: Any, sizes: Sizes) -> Rows:
        return {written.name: sizes.rows(read) for written, read in pairs}

    return rows


def row_for_customer(written: Table) -> Callable[[OfCustomers, Sizes], Rows]:
    """Of jobs that write a row for each customer whose features they take."""

    def rows(settings: OfCustomers, sizes: Sizes) -> Rows:
        return {written.name: _customers(settings, sizes)}

    return rows


def ingested_events(settings: IngestEventsSettings, sizes: Sizes) -> Rows:
    """Files that are loaded already count too."""
    n_rows = sizes.records(settings.input)
    return {BRONZE_EVENTS.name: n_rows, SILVER_EVENTS.name: n_rows + sizes.rows(SILVER_EVENTS)}


def ingested_customers(settings: IngestCustomersSettings, sizes: Sizes) -> Rows:
    """A snapshot, in place of what there is."""
    n_rows = sizes.records(settings.input)
    return {BRONZE_CUSTOMERS.name: n_rows, CUSTOMERS.name: n_rows}


def recommended_by_knn(settings: RecommendKnnSettings, sizes: Sizes) -> Rows:
    """K neighbours and n items for each user."""
    n_users = sizes.rows(USER_INDEX)
    return {USER_NEIGHBORS.name: n_users * settings.k, RECOMMENDATIONS.name: n_users * settings.n}


def recommended(settings: RecommendAlsSettings | RecommendBlendSettings, sizes: Sizes) -> Rows:
    """N items for each user; users aren't more than events where they aren't counted yet."""
    n_users = sizes.rows(USER_INDEX) or sizes.rows(SILVER_EVENTS)
    return {RECOMMENDATIONS.name: n_users * settings.n}


def classified(settings: ClassifyKnnSettings, sizes: Sizes) -> Rows:
    """A class for each customer, and by each way of judging another."""
    return {CLASSES.name: _customers(settings, sizes) * (1 + len(settings.protocols))}


def distances(settings: ComputeDistancesSettings, sizes: Sizes) -> Rows:
    """Of pairs there are no more than max_pairs."""
    n_users = _customers(settings, sizes)
    each = {"nearest": settings.k, "to_mean": 1}.get(settings.mode)
    n_rows = settings.max_pairs if each is None else n_users * each
    return {DISTANCES.name: min(n_rows, n_users**2)}


def segmented(settings: SegmentCustomersSettings, sizes: Sizes) -> Rows:
    """A row for each customer, by habits at most one for each event."""
    known = settings.customers or FeatureChoice()
    whose = FEATURE_TABLES[known.table] if settings.habits is None else SILVER_EVENTS
    return {SEGMENTS.name: sizes.rows(whose)}


def matrix_search(settings: RecommendKnnSettings, sizes: Sizes) -> Needs:
    """The matrix once on the driver where it is broadcast; two blocks of it in a worker."""
    n_cells, n_users = sizes.rows(USER_ITEM), max(1, sizes.rows(USER_INDEX))
    return _search(
        "recommend_knn",
        settings,
        n_rows=n_users,
        row_bytes=_CELL_BYTES * n_cells / n_users,
        what=f"{n_cells:,} cells of the matrix",
    )


def customer_search(settings: ClassifyKnnSettings, sizes: Sizes) -> Needs:
    """Who votes once on the driver where they are broadcast; two blocks in a worker."""
    n_users = _customers(settings, sizes)
    n_features = len(settings.features.numbers or ()) or FEATURES
    return _search(
        "classify_knn",
        settings,
        n_rows=n_users,
        row_bytes=_CELL_BYTES * n_features,
        what=f"{n_users:,} customers x {n_features} numbers",
    )


def item_factors(sizes: Sizes, *, rank: int, block_users: int) -> Needs:
    """All items' factors, on the driver and in every worker, which has a block's cells beside."""
    n_items = sizes.rows(ITEM_FACTORS)
    megabytes = PYTHON_MB + n_items * (4 * rank + _ITEM_BYTES) / _MB
    what = f"{n_items:,} items' factors of rank {rank}"
    remedy = "recommend from fewer items, or with a lower rank"
    cells = min(sizes.rows(USER_ITEM), BLOCK_CELLS) * _USER_CELL_BYTES / _MB
    at_once = _blocks(sizes.rows(USER_INDEX), block_users)
    return (
        Need("driver", megabytes, what, remedy),
        Need("worker", megabytes + cells, what, remedy, at_once),
    )


def compared_matrices(settings: EvaluateRecommendersSettings, sizes: Sizes) -> Needs:
    """EASE's and item k-NN's matrices; EASE's for each penalty."""
    asked = {"ease", "item_knn"} & set(settings.algorithms)
    if not asked:
        return ()
    return item_matrices(
        sizes,
        max_items=settings.max_items,
        n_ease=len(settings.penalties) if "ease" in asked else 0,
        remedy="lower evaluate_recommenders.max_items, or compare neither ease nor item_knn",
    )


def item_matrices(sizes: Sizes, *, max_items: int, n_ease: int, remedy: str) -> Needs:
    """Products of items, summed up in workers, and what the driver makes of them.

    Args:
        sizes: of the tables.
        max_items: that count at most.
        n_ease: how many matrices of EASE are kept, and go to every worker.
        remedy: the setting that lessens it.
    """
    n_items = min(max_items, sizes.rows(ITEM_INDEX) or max_items)
    n_cells, kept = n_items**2 / _MB, _EASE_BYTES * n_ease
    what = f"item x item matrices of {n_items:,} items"
    at_once = _blocks(sizes.rows(USER_INDEX), BLOCK_ROWS)
    driver, worker = _MAKING_BYTES + kept, max(_SUMMING_BYTES, kept)
    return (
        Need("driver", PYTHON_MB + driver * n_cells, what, remedy),
        Need("worker", PYTHON_MB + worker * n_cells, what, remedy, at_once),
    )


def _blocks(n_rows: int, block_rows: int) -> int | None:
    """Blocks of rows, which are as many tasks; None where the rows aren't counted yet."""
    return count_blocks(n_rows, block_rows=block_rows) if n_rows else None


def _customers(settings: OfCustomers, sizes: Sizes) -> int:
    return sizes.rows(FEATURE_TABLES[settings.features.table])


def _search(
    job: str,
    settings: RecommendKnnSettings | ClassifyKnnSettings,
    *,
    n_rows: int,
    row_bytes: float,
    what: str,
) -> Needs:
    """What `distance.nearest_blocks` holds."""
    block_rows = min(settings.block_rows, n_rows)
    n_blocks = count_blocks(n_rows, block_rows=settings.block_rows)
    worker = Need(
        "worker",
        PYTHON_MB + _TILES_MB + 6 * row_bytes * block_rows / _MB,
        f"two blocks of {block_rows:,} rows, as they came and unpacked",
        f"lower {job}.block_rows",
        # Without a broadcast each block meets each other one in a task.
        n_blocks if settings.broadcast else n_blocks**2,
    )
    if not settings.broadcast:
        return (worker,)
    heap = _COPIES * row_bytes * n_rows / _MB
    return (worker, Need("heap", heap, what, f"set {job}.broadcast=false, or more driver memory"))
