"""What each job would write and need, from the rows of its inputs: for dry runs and refusals.

Rows are the most there can be. Of memory only what grows with the data is told: what any job needs
(`PYTHON_MB` in each Python process) is part of it. Bytes are those of the structures themselves,
what isn't known before a run is taken as `FEATURES`,
`RANK` say.
"""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.classes import CLASSES
from cxspark.contracts.clusters import CLUSTERS
from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.events import BRONZE_EVENTS, SILVER_EVENTS
from cxspark.contracts.factors import ITEM_FACTORS, USER_FACTORS
from cxspark.contracts.features import BRONZE_CUSTOMERS, CUSTOMERS, FEATURE_TABLES, FeatureChoice
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import (
    ITEM_INDEX,
    RECOMMENDATIONS,
    USER_INDEX,
    USER_ITEM,
    USER_NEIGHBORS,
)
from cxspark.contracts.segments import SEGMENTS
from cxspark.contracts.trees import TREE_PREDICTIONS
from cxspark.contracts.value import CUSTOMER_VALUE
from cxspark.distance.settings import ComputeDistancesSettings
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.settings import RecommendAlsSettings, TrainAlsSettings
from cxspark.ingest.customer_settings import IngestCustomersSettings
from cxspark.ingest.settings import IngestEventsSettings
from cxspark.matrix.settings import BuildInteractionsSettings, BuildUserItemSettings
from cxspark.neighbors.settings import ClassifyKnnSettings, RecommendKnnSettings
from cxspark.runtime.estimate import Estimate, Need, Sizes
from cxspark.runtime.raw_files import list_files, read_lines
from cxspark.segmentation.settings import ClusterCustomersSettings, SegmentCustomersSettings
from cxspark.segmentation.value_settings import EstimateValueSettings
from cxspark.trees.settings import TrainTreeSettings

PYTHON_MB = 250.0
FEATURES, RANK = 32, 64
_MB = 2**20
# A cell of a sparse matrix: column and value. A broadcast is collected, and then cut in pieces.
_CELL_BYTES, _COPIES = 12, 2
# gzip on logs of events; a line where no file can be looked at.
_PACKED, _LINE_BYTES, _SAMPLE = 6, 100, 1000
# What the search itself has in hand: distances of some rows to some others, and the k nearest.
_TILES_MB = 150.0
# An item's id and names beside its factors.
_ITEM_BYTES = 60


def ingest_events(spark: SparkSession, settings: IngestEventsSettings, sizes: Sizes) -> Estimate:
    """By bytes and the length of the first lines; files that are loaded already count too."""
    n_rows = _records(spark, settings.input)
    return Estimate({BRONZE_EVENTS.name: n_rows, SILVER_EVENTS.name: n_rows + sizes(SILVER_EVENTS)})


def ingest_customers(
    spark: SparkSession,
    settings: IngestCustomersSettings,
    sizes: Sizes,  # noqa: ARG001 replaces what there is
) -> Estimate:
    """As of events."""
    n_rows = _records(spark, settings.input)
    return Estimate({BRONZE_CUSTOMERS.name: n_rows, CUSTOMERS.name: n_rows})


def build_user_item(
    spark: SparkSession,  # noqa: ARG001 one form for all
    settings: BuildUserItemSettings,  # noqa: ARG001
    sizes: Sizes,
) -> Estimate:
    """A cell, a user and an item for each event, at most."""
    n_events = sizes(SILVER_EVENTS)
    return Estimate(dict.fromkeys((USER_ITEM.name, USER_INDEX.name, ITEM_INDEX.name), n_events))


def build_interactions(
    spark: SparkSession,  # noqa: ARG001
    settings: BuildInteractionsSettings,  # noqa: ARG001
    sizes: Sizes,
) -> Estimate:
    """A row for each event, at most."""
    return Estimate({INTERACTIONS.name: sizes(SILVER_EVENTS)})


def recommend_knn(
    spark: SparkSession,  # noqa: ARG001
    settings: RecommendKnnSettings,
    sizes: Sizes,
) -> Estimate:
    """The matrix once on the driver where it is broadcast; two blocks of it in a worker."""
    n_cells, n_users = sizes(USER_ITEM), max(1, sizes(USER_INDEX))
    rows = {USER_NEIGHBORS.name: n_users * settings.k, RECOMMENDATIONS.name: n_users * settings.n}
    needs = _two_blocks(
        "recommend_knn",
        n_rows=n_users,
        row_bytes=_CELL_BYTES * n_cells / n_users,
        block_rows=settings.block_rows,
        broadcast=settings.broadcast,
        what=f"{n_cells:,} cells of the matrix",
    )
    return Estimate(rows, needs)


def classify_knn(
    spark: SparkSession,  # noqa: ARG001
    settings: ClassifyKnnSettings,
    sizes: Sizes,
) -> Estimate:
    """Who votes once on the driver where they are broadcast; two blocks in a worker."""
    n_users = _customers(settings.features, sizes)
    n_features = len(settings.features.numbers or ()) or FEATURES
    needs = _two_blocks(
        "classify_knn",
        n_rows=n_users,
        row_bytes=_CELL_BYTES * n_features,
        block_rows=settings.block_rows,
        broadcast=settings.broadcast,
        what=f"{n_users:,} customers x {n_features} numbers",
    )
    return Estimate({CLASSES.name: n_users * (1 + len(settings.protocols))}, needs)


def compute_distances(
    spark: SparkSession,  # noqa: ARG001
    settings: ComputeDistancesSettings,
    sizes: Sizes,
) -> Estimate:
    """Pairs are limited by max_pairs; nearest as `classify_knn`."""
    n_users = _customers(settings.features, sizes)
    per_user = {"nearest": settings.k, "to_mean": 1}
    n_rows = n_users * per_user.get(settings.mode, n_users)
    if settings.mode in ("all_pairs", "between"):
        n_rows = min(n_rows, settings.max_pairs)
    return Estimate({DISTANCES.name: n_rows})


def train_als(
    spark: SparkSession,  # noqa: ARG001
    settings: TrainAlsSettings,  # noqa: ARG001
    sizes: Sizes,
) -> Estimate:
    """Factors for each user and item; MLlib's own memory spills to disk."""
    return Estimate({USER_FACTORS.name: sizes(USER_INDEX), ITEM_FACTORS.name: sizes(ITEM_INDEX)})


def recommend_als(
    spark: SparkSession,  # noqa: ARG001
    settings: RecommendAlsSettings,
    sizes: Sizes,
) -> Estimate:
    """All items' factors, on the driver and in every worker."""
    n_items = sizes(ITEM_FACTORS)
    megabytes = PYTHON_MB + n_items * (4 * RANK + _ITEM_BYTES) / _MB
    what, remedy = f"{n_items:,} items' factors", "recommend from fewer items, or with a lower rank"
    needs = (
        Need("driver", megabytes, what, remedy),
        Need("worker", megabytes, what, remedy),
    )
    return Estimate({RECOMMENDATIONS.name: sizes(USER_INDEX) * settings.n}, needs)


def evaluate_recommenders(
    spark: SparkSession,  # noqa: ARG001
    settings: EvaluateRecommendersSettings,
    sizes: Sizes,
) -> Estimate:
    """EASE's matrix: inverted on the driver, then in every worker, once for each penalty."""
    n_items = min(settings.max_items, sizes(ITEM_INDEX) or settings.max_items)
    each = 4 * n_items**2 * len(settings.penalties)
    what = f"item x item matrices of {n_items:,} items, {len(settings.penalties)} penalties"
    remedy = "lower evaluate_recommenders.max_items, or leave ease out of algorithms"
    if not {"ease", "blend"} & set(settings.algorithms):
        return Estimate()
    return Estimate(
        needs=(
            Need("driver", PYTHON_MB + (24 * n_items**2 + each) / _MB, what, remedy),
            Need("worker", PYTHON_MB + each / _MB, what, remedy),
        )
    )


def estimate_value(
    spark: SparkSession,  # noqa: ARG001
    settings: EstimateValueSettings,  # noqa: ARG001
    sizes: Sizes,
) -> Estimate:
    """A row for each customer."""
    return Estimate({CUSTOMER_VALUE.name: _users(sizes)})


def segment_customers(
    spark: SparkSession,  # noqa: ARG001
    settings: SegmentCustomersSettings,
    sizes: Sizes,
) -> Estimate:
    """A row for each customer."""
    n_users = _users(sizes) if settings.habits is not None else sizes(CUSTOMERS)
    return Estimate({SEGMENTS.name: n_users})


def cluster_customers(
    spark: SparkSession,  # noqa: ARG001
    settings: ClusterCustomersSettings,
    sizes: Sizes,
) -> Estimate:
    """A row for each customer."""
    return Estimate({CLUSTERS.name: _customers(settings.features, sizes)})


def train_tree(
    spark: SparkSession,  # noqa: ARG001
    settings: TrainTreeSettings,
    sizes: Sizes,
) -> Estimate:
    """A prediction for each customer."""
    return Estimate({TREE_PREDICTIONS.name: _customers(settings.features, sizes)})


def _records(spark: SparkSession, paths: list[str]) -> int:
    """About how many lines raw files have: their bytes by the mean of some first lines."""
    found = list_files(spark, paths)
    files = found.select("file", "n_bytes").collect()
    plain = [one for one in files if not one["file"].endswith((".gz", ".bz2", ".zst"))]
    sample = max(plain or files, key=lambda one: one["n_bytes"], default=None)
    if sample is None:
        return 0
    lines = read_lines(spark, [sample["file"]]).limit(_SAMPLE)
    (found_in,) = lines.agg(F.avg(F.octet_length("line") + 1).alias("mean")).collect()
    n_bytes = sum(one["n_bytes"] * (1 if one in plain else _PACKED) for one in files)
    return int(n_bytes / (found_in["mean"] or _LINE_BYTES))


def _customers(features: FeatureChoice, sizes: Sizes) -> int:
    return sizes(FEATURE_TABLES[features.table])


def _users(sizes: Sizes) -> int:
    """Of the dictionary where there is one, else at most one for each event."""
    return sizes(USER_INDEX) or sizes(SILVER_EVENTS)


def _two_blocks(
    job: str, *, n_rows: int, row_bytes: float, block_rows: int, broadcast: bool, what: str
) -> tuple[Need, ...]:
    """Of a search for the nearest: what `distance.nearest_blocks` holds."""
    block = row_bytes * min(block_rows, n_rows) / _MB
    worker = Need(
        "worker",
        PYTHON_MB + _TILES_MB + 6 * block,
        f"two blocks of {min(block_rows, n_rows):,} rows, as they came and unpacked",
        f"lower {job}.block_rows",
    )
    if not broadcast:
        return (worker,)
    heap = _COPIES * row_bytes * n_rows / _MB
    return (worker, Need("heap", heap, what, f"set {job}.broadcast=false, or more driver memory"))
