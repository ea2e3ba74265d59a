"""Recommend by the factors that train_als learnt, to everyone who is in what it was trained on."""

import json
from datetime import timedelta
from functools import partial

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.factors import ITEM_AVAILABILITY, ITEM_FACTORS, MODELS, USER_FACTORS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM
from cxspark.contracts.table import Table
from cxspark.distance import count_blocks
from cxspark.factorization.fold_in import FoldIn
from cxspark.factorization.items import Catalogue, with_availability
from cxspark.factorization.recommend import ALGORITHM, Way, recommend_items
from cxspark.factorization.settings import RecommendAlsSettings, TrainAlsSettings
from cxspark.factorization.users import gather_users
from cxspark.runtime.estimate import Needs
from cxspark.runtime.session import small_records
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.als_cells import learns_marks, read_user_cells, weights_table
from cxspark.steps.shown_items import warn_of_few, write_lists

_OURS = f"algorithm = '{ALGORITHM}'"
_CLOCKS = timedelta(days=1)  # by which those of two machines may differ


def run(spark: SparkSession, settings: RecommendAlsSettings, tables: Tables) -> None:
    """Read the newest complete model, put each user's cells beside her factors, and recommend."""
    # Each of these is a question to a table's log, and nothing to compute.
    tables.side_by_side(
        partial(tables.watch, RECOMMENDATIONS),
        partial(tables.version, MODELS),
        partial(tables.version, USER_ITEM),
    )
    trained = _trained(tables)
    items = _of_model(ITEM_FACTORS, trained["item_factors_version"], tables)
    users = _of_model(USER_FACTORS, trained["user_factors_version"], tables)
    available = with_availability(
        items.drop("algorithm"),
        tables.read_or_empty(ITEM_AVAILABILITY),
        at=settings.at or tables.run.started_at,
    )
    catalogue = Catalogue.of_table(available.toArrow(), allow=settings.allow, deny=settings.deny)
    how = TrainAlsSettings.model_validate_json(trained["settings"])
    way = Way(
        catalogue,
        FoldIn(catalogue.factors, reg=how.reg, alpha=how.alpha, implicit=how.implicit),
        n=settings.n,
        n_reasons=settings.n_reasons,
        refresh=settings.fold_in == "all",
        has_unmarked=learns_marks(how),
    )
    warn_of_few(catalogue.is_eligible, settings.n, tables)
    cells = read_user_cells(how, items, tables)
    n_blocks = count_parts(
        users_now(trained, how, tables),
        tables.n_rows(weights_table(how)),
        block_users=settings.block_users,
    )
    gathered = gather_users(cells, users.select("user_id", "factors"), n_blocks=n_blocks)
    with small_records(spark):
        write_lists(recommend_items(gathered, way=way), algorithm=ALGORITHM, tables=tables)


def _trained(tables: Tables) -> Row:
    """The newest model's row, without those of a future that a wrong clock has made.

    Raises:
        ContractError: no training has been completed.
    """
    models = tables.read(MODELS).where(_OURS)
    believed = models.where(F.col("trained_at") <= tables.run.started_at + _CLOCKS)
    rows = believed.orderBy(F.desc("trained_at")).limit(1).collect()
    if not rows:
        raise ContractError(MODELS.name, f"a row where {_OURS}", "none", "run train_als first")
    return rows[0]


def count_parts(n_users: int, n_cells: int, *, block_users: int) -> int:
    """Partitions of users, so that none is too many for a worker, nor has too many cells.

    Example:
        >>> count_parts(50_000, 1_500_000, block_users=16_384)
        4
        >>> count_parts(50_000, 100_000_000, block_users=16_384)
        28
    """
    return max(
        count_blocks(n_users, block_rows=block_users),
        count_blocks(n_cells, block_rows=estimates.BLOCK_CELLS),
    )


def users_now(trained: Row, how: TrainAlsSettings, tables: Tables) -> int:
    """Users there are, about: the training's, and as many more as the rows have become more."""
    n_users: int = json.loads(trained["metrics"])["n_users"]
    table = weights_table(how)
    (before,) = [one["n_rows"] for one in trained["inputs"] if one["table"] == table.name] or [0]
    return round(n_users * max(1.0, tables.n_rows(table) / before)) if before else n_users


def _of_model(table: Table, version: int, tables: Tables) -> DataFrame:
    """The factors as they were when the model was complete, whatever has been written since."""
    tables.pin(table, version)
    try:
        return tables.read(table).where(_OURS)
    except AnalysisException:
        tables.pin(table, tables.kept(table, version))
        return tables.read(table).where(_OURS)


def needs(settings: RecommendAlsSettings, sizes: Sizes) -> Needs:
    """Factors of the newest model's rank; of train_als' default where there is none yet."""
    how = TrainAlsSettings()
    if sizes.tables.exists(MODELS):
        how = TrainAlsSettings.model_validate_json(_trained(sizes.tables)["settings"])
    return estimates.item_factors(sizes, rank=how.rank, block_users=settings.block_users)


STEP = Step(
    name="recommend_als",
    summary="factors and user-item matrix -> recommendations for everyone, with reasons",
    settings=RecommendAlsSettings,
    reads=(MODELS, USER_FACTORS, ITEM_FACTORS, USER_ITEM),
    writes=(RECOMMENDATIONS,),
    run=run,
    rows=estimates.recommended,
    needs=needs,
    optional=(INTERACTIONS, SILVER_EVENTS, ITEM_AVAILABILITY),
)
