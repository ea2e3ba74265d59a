"""Recommend to everyone by the blend that did best when recommenders were compared."""

from pyspark.sql import SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.evaluation import MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.factors import ITEM_AVAILABILITY
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.factorization.blend import Blend
from cxspark.factorization.blend_lists import BlendWay, recommend_by_blend
from cxspark.factorization.ease import Ease
from cxspark.factorization.item_knn import ItemKnn
from cxspark.factorization.items import eligible_items, with_availability
from cxspark.factorization.settings import RecommendBlendSettings
from cxspark.runtime.ddl import quoted
from cxspark.runtime.estimate import Needs
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.evaluate_recommenders import newest_run
from cxspark.steps.models import blend_of
from cxspark.steps.training import EventTraining
from cxspark.steps.windows import event_span

_OURS = f"algorithm = '{Blend.algorithm}'"


def run(spark: SparkSession, settings: RecommendBlendSettings, tables: Tables) -> None:  # noqa: ARG001
    """Fit the chosen blend to all events, and rank the catalogue for every user."""
    blend, weights = _chosen(tables)
    events = tables.read(SILVER_EVENTS)
    training = EventTraining(events, at=event_span(events)[1], weights=weights)
    items = with_availability(
        training.items,
        tables.read_or_empty(ITEM_AVAILABILITY),
        at=settings.at or tables.run.started_at,
    )
    ids, is_eligible = eligible_items(
        items.toArrow().sort_by("column_index"), allow=settings.allow, deny=settings.deny
    )
    way = BlendWay(blend.fit(training), ids, is_eligible, settings.n, settings.n_reasons)
    lists = recommend_by_blend(training.rows(blend.half_life_days), way=way)
    tables.overwrite(RECOMMENDATIONS, lists, where=_OURS)
    training.release()


def _chosen(tables: Tables) -> tuple[Blend, dict[str, float]]:
    """The blend that the newest comparison chose, and what events weighed in it.

    Raises:
        ContractError: there was none, or it tried no blend.
    """
    trials = tables.read(MODEL_TRIALS)
    newest = newest_run(tables, MODEL_TRIALS)
    run_id = newest.run_id if newest else ""
    ours = f"{_OURS} AND is_chosen AND run_id = {quoted(run_id)}"
    rows = trials.where(ours).select("settings").limit(1).collect()
    if not newest or not rows:
        raise ContractError(
            MODEL_TRIALS.name,
            f"a chosen blend of the newest run, {run_id}",
            "none",
            "run evaluate_recommenders with a personal model among its algorithms",
        )
    return blend_of(rows[0]["settings"]), newest.facts["weights"]


def needs(settings: RecommendBlendSettings, sizes: Sizes) -> Needs:  # noqa: ARG001 the blend's count
    """Those of the chosen blend's personal model; of EASE by its defaults where none is chosen yet.

    Raises:
        ContractError: the newest comparison chose none.
    """
    chosen = sizes.tables.exists(MODEL_TRIALS)
    personal = _chosen(sizes.tables)[0].personal if chosen else Ease()
    if not isinstance(personal, Ease | ItemKnn):
        return ()
    return estimates.item_matrices(
        sizes,
        max_items=personal.max_items,
        n_ease=int(isinstance(personal, Ease)),
        remedy="evaluate with a lower evaluate_recommenders.max_items",
    )


STEP = Step(
    name="recommend_blend",
    summary="events -> recommendations by the blend that was chosen, with reasons",
    settings=RecommendBlendSettings,
    reads=(MODEL_TRIALS, SILVER_EVENTS),
    optional=(ITEM_AVAILABILITY,),
    writes=(RECOMMENDATIONS,),
    run=run,
    needs=needs,
)
