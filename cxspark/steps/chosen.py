"""What the newest comparison of recommenders chose: what is to be deployed."""

import json
from typing import Any

from cxspark.contracts.errors import ContractError, QualityGateError
from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.factorization.als_recommender import AlsRecommender
from cxspark.factorization.blend import Blend
from cxspark.factorization.settings import TrainAlsSettings
from cxspark.runtime.ddl import quoted
from cxspark.runtime.run import Commit
from cxspark.runtime.tables import Tables
from cxspark.steps.evaluate_recommenders import runs
from cxspark.steps.models import blend_of


def chosen_blend(tables: Tables) -> tuple[Blend, dict[str, Any]]:
    """The blend that was chosen, and the terms: what events weighed.

    Raises:
        ContractError: there was no comparison in time, or it tried no blend.
        QualityGateError: it found the blend worse than what is popular lately.
    """
    settings, run = chosen(Blend.algorithm, tables)
    if run.facts["is_refused"]:
        raise QualityGateError(
            MODEL_TRIALS.name,
            "a blend no worse than what is popular lately",
            f"run {run.run_id} found it worse",
            "look at ops.model_metrics, and run evaluate_recommenders again with other settings",
        )
    return blend_of(settings), dict(run.facts)


def chosen_als(
    settings: TrainAlsSettings, tables: Tables
) -> tuple[TrainAlsSettings, dict[str, Any]]:
    """The settings with those that were chosen for ALS in place of their own, and how good it was.

    Returns:
        The settings; the comparison's run_id and what it found in its test, metric by metric.

    Raises:
        ContractError: there was no comparison in time, or it tried no ALS.
    """
    told, run = chosen(AlsRecommender.algorithm, tables)
    values = json.loads(told)
    del values["algorithm"]
    terms = {"weights_from": "events", "event_weights": run.facts["weights"], "implicit": True}
    ours = f"algorithm = {quoted(AlsRecommender.algorithm)} AND run_id = {quoted(run.run_id)}"
    rows = tables.read(MODEL_METRICS).where(f"{ours} AND segment = 'all'")
    found = {row["metric"]: row["value"] for row in rows.select("metric", "value").collect()}
    return settings.model_copy(update={**values, **terms}), {"run_id": run.run_id, **found}


def chosen(algorithm: str, tables: Tables) -> tuple[str, Commit]:
    """The settings, as JSON, that the newest comparison in time chose, and its commit.

    Comparisons by another split let the future into the training: nothing is deployed by them.

    Raises:
        ContractError: there was none, or it didn't try this one.
    """
    trials = tables.read(MODEL_TRIALS)
    in_time = (one for one in runs(tables, MODEL_TRIALS) if one.facts.get("split") == "time")
    newest = next(in_time, None)
    run_id = newest.run_id if newest else ""
    ours = f"algorithm = {quoted(algorithm)} AND is_chosen AND run_id = {quoted(run_id)}"
    rows = trials.where(ours).select("settings").limit(1).collect()
    if not newest or not rows:
        raise ContractError(
            MODEL_TRIALS.name,
            f"a chosen {algorithm} of the newest run by a split in time, {run_id}",
            "none",
            "run evaluate_recommenders with a personal model among its algorithms",
        )
    return rows[0]["settings"], newest
