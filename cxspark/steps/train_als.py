"""Train ALS on the user-item matrix, or on interactions: users and items as vectors."""

import json
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.factors import ITEM_FACTORS, MODELS, USER_FACTORS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX, USER_ITEM
from cxspark.factorization.als import Als, index_cells
from cxspark.factorization.recommend import ALGORITHM
from cxspark.factorization.settings import TrainAlsSettings
from cxspark.neighbors.popularity import measure_cells, rank_items, recent_since
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Inputs, Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.als_cells import read_weights_to_learn, weights_table
from cxspark.steps.checkpoints import require_checkpoints
from cxspark.steps.chosen import chosen_als

_NOT_OF_THE_FIT = {"popular_days", "weights_from", "event_weights", "half_life_days", "as_chosen"}


def run(spark: SparkSession, settings: TrainAlsSettings, tables: Tables) -> None:
    """Fit, write the factors, then the model's row, whose commit says that they belong together."""
    tables.watch(USER_FACTORS, ITEM_FACTORS)
    settings, judged = chosen_als(settings, tables) if settings.as_chosen else (settings, None)
    require_checkpoints(spark, settings.iterations, setting="train_als.iterations")
    user_item = read_weights_to_learn(settings, tables)
    users, items = tables.read(USER_INDEX), tables.read(ITEM_INDEX)
    model = Als(**settings.model_dump(exclude=_NOT_OF_THE_FIT))
    model.fit(index_cells(user_item, users, items))
    user_factors = model.user_factors_.join(users, "user_index")
    item_factors = model.item_factors_.join(items, "item_index").join(
        _popularity(user_item, settings.popular_days), "item_id"
    )
    ours = f"algorithm = '{ALGORITHM}'"
    # One after the other, so that of two runs at once one gets through.
    tables.overwrite(USER_FACTORS, _named(user_factors, USER_FACTORS.columns), where=ours)
    tables.overwrite(ITEM_FACTORS, _named(item_factors, ITEM_FACTORS.columns), where=ours)
    row = _model_row(settings, model, judged, tables)
    this = f"{ours} AND run_id = {quoted(tables.run.run_id)}"
    tables.overwrite(MODELS, spark.createDataFrame([row], MODELS.schema), where=this)


def _popularity(user_item: DataFrame, days: float) -> DataFrame:
    """How many users have each item, at all and of late."""
    newest = measure_cells(user_item).collect()[0]["newest_micros"]
    ranked = rank_items(user_item, recent_micros=recent_since(newest, days=days))
    return ranked.select("item_id", "n_users", "n_recent")


def _named(factors: DataFrame, columns: list[str]) -> DataFrame:
    return factors.withColumn("algorithm", F.lit(ALGORITHM)).select(*columns)


def _model_row(
    settings: TrainAlsSettings, model: Als, judged: dict[str, Any] | None, tables: Tables
) -> dict[str, object]:
    """What `MODELS` keeps of this run."""
    written = {output.table: output for output in tables.run.outputs}
    users, items = written[USER_FACTORS.name], written[ITEM_FACTORS.name]
    metrics: dict[str, Any] = {
        "n_cells": model.n_cells_,
        "n_users": users.n_rows,
        "n_items": items.n_rows,
    }
    if judged is not None:
        metrics["evaluation"] = judged
    return {
        "algorithm": ALGORITHM,
        "run_id": tables.run.run_id,
        "trained_at": tables.run.started_at,
        "settings": settings.model_dump_json(),
        "metrics": json.dumps(metrics),
        "inputs": [vars(version) for version in tables.counted_inputs()],
        "user_factors_version": users.version,
        "item_factors_version": items.version,
    }


def read_for(settings: TrainAlsSettings) -> Inputs:
    """The weights are in one of three tables; what was chosen is in another."""
    if settings.as_chosen:
        return Inputs((MODEL_TRIALS, MODEL_METRICS, SILVER_EVENTS, USER_INDEX, ITEM_INDEX))
    return Inputs((weights_table(settings), USER_INDEX, ITEM_INDEX))


STEP = Step(
    name="train_als",
    summary="user-item matrix or interactions -> users' and items' factors, by MLlib's ALS",
    settings=TrainAlsSettings,
    reads=(USER_ITEM, USER_INDEX, ITEM_INDEX),
    writes=(USER_FACTORS, ITEM_FACTORS, MODELS),
    run=run,
    rows=estimates.row_for_row((USER_FACTORS, USER_INDEX), (ITEM_FACTORS, ITEM_INDEX)),
    optional=(INTERACTIONS, SILVER_EVENTS, MODEL_TRIALS, MODEL_METRICS),
    inputs=read_for,
)
