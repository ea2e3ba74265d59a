"""Recommend to everyone by the blend that did best when recommenders were compared."""

from pyspark.sql import SparkSession

from cxspark.contracts.evaluation import MODEL_TRIALS
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.factors import ITEM_AVAILABILITY
from cxspark.contracts.preferences import RECOMMENDATIONS
from cxspark.factorization.blend import Blend
from cxspark.factorization.blend_lists import (
    BlendWay,
    recommend_by_blend,
    recommend_to_unknown,
)
from cxspark.factorization.ease import Ease
from cxspark.factorization.item_knn import ItemKnn
from cxspark.factorization.items import eligible_items, with_availability
from cxspark.factorization.scoring import PersonalRecommender
from cxspark.factorization.settings import RecommendBlendSettings
from cxspark.runtime.estimate import Needs
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.steps import estimates
from cxspark.steps.chosen import chosen, chosen_blend
from cxspark.steps.models import blend_of
from cxspark.steps.shown_items import warn_of_few, write_lists
from cxspark.steps.training import EventTraining
from cxspark.steps.windows import event_span, warn_of_uncounted


def run(spark: SparkSession, settings: RecommendBlendSettings, tables: Tables) -> None:  # noqa: ARG001
    """Fit the chosen blend to all events, and rank the catalogue for every user."""
    blend, terms = chosen_blend(tables)
    tables.watch(*STEP.writes)
    events = tables.read(SILVER_EVENTS)
    warn_of_uncounted(events, terms["weights"], tables)
    training = EventTraining(
        events,
        at=event_span(events)[1],
        weights=terms["weights"],
        popularity_cap=terms["popularity_cap"],
    )
    items = with_availability(
        training.items,
        tables.read_or_empty(ITEM_AVAILABILITY),
        at=settings.at or tables.run.started_at,
    )
    ids, is_eligible = eligible_items(
        items.toArrow().sort_by("column_index"), allow=settings.allow, deny=settings.deny
    )
    way = BlendWay(blend.fit(training), ids, is_eligible, settings.n, settings.n_reasons)
    warn_of_few(is_eligible, settings.n, tables)
    lists = recommend_by_blend(training.rows(blend.half_life_days), way=way)
    known = training.cells(blend.half_life_days).select("user_id")
    unknown = events.join(known, "user_id", "left_anti").select("user_id").distinct()
    everyone = lists.unionByName(recommend_to_unknown(unknown, way=way))
    write_lists(everyone, algorithm=Blend.algorithm, tables=tables)
    training.release()


def needs(settings: RecommendBlendSettings, sizes: Sizes) -> Needs:  # noqa: ARG001 the blend's count
    """Those of the chosen blend's personal model; of EASE by its defaults where none is chosen yet.

    Raises:
        ContractError: no comparison in time has chosen one.
    """
    personal: PersonalRecommender = Ease()
    if sizes.tables.exists(MODEL_TRIALS):
        personal = blend_of(chosen(Blend.algorithm, sizes.tables)[0]).personal
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
    rows=estimates.recommended,
    needs=needs,
)
