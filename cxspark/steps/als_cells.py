"""What ALS is trained on, and so what its recommendations are made from: one place for both."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.contracts.table import Table
from cxspark.factorization.interactions import weigh_interactions
from cxspark.factorization.items import cells_by_item
from cxspark.factorization.settings import TrainAlsSettings
from cxspark.matrix.user_item import aggregate_user_item, weight_now
from cxspark.runtime.tables import Tables
from cxspark.steps.windows import event_span, warn_of_uncounted


def read_weights(
    how: TrainAlsSettings, tables: Tables, *, keep_unmarked: bool = False
) -> DataFrame:
    """The matrix that a training with these settings learns from (``USER_ITEM``).

    Weights are as of its newest event: how great they are is how much they're trusted.

    Raises:
        ContractError: the matrix decays, and doesn't tell by what half-life.
    """
    if how.weights_from == "events":
        return _weigh_events(how, tables)
    if how.weights_from == "user_item":
        user_item, facts = tables.read(USER_ITEM), _decay(tables)
        if not facts.get("reference_at"):
            return user_item
        if "half_life_days" not in facts:
            raise ContractError(
                USER_ITEM.name,
                "a matrix that tells the half-life of its weights",
                "one of an earlier version of the suite",
                "run build_user_item with rebuild=true",
            )
        return weight_now(
            user_item,
            half_life_days=facts["half_life_days"],
            reference_at=datetime.fromisoformat(facts["reference_at"]),
        )
    interactions = tables.read(INTERACTIONS)
    return weigh_interactions(interactions, implicit=how.implicit, keep_unmarked=keep_unmarked)


def _decay(tables: Tables) -> Mapping[str, Any]:
    """What build_user_item told of the matrix's decay; rows deleted since by hand change no scale.

    A matrix that no commit tells anything of isn't the job's own: it is taken as it is.
    """
    facts = tables.facts(USER_ITEM)
    if "reference_at" in facts:
        return facts
    commits = tables.commits(USER_ITEM, limit=100)
    return next((one.facts for one in commits if "reference_at" in one.facts), facts)


def weights_table(how: TrainAlsSettings) -> Table:
    """The table that a training with these settings learns from."""
    tables = {"user_item": USER_ITEM, "interactions": INTERACTIONS, "events": SILVER_EVENTS}
    return tables[how.weights_from]


def _weigh_events(how: TrainAlsSettings, tables: Tables) -> DataFrame:
    """The matrix as a comparison has it: decayed to the newest event, log(1 + weight)."""
    events = tables.read(SILVER_EVENTS)
    warn_of_uncounted(events, how.event_weights, tables)
    cells = aggregate_user_item(
        events.where(F.col("event_type").isin(*how.event_weights)),
        weights=how.event_weights,
        other_weight=0.0,
        half_life_days=how.half_life_days,
        reference_at=event_span(events)[1],
    )
    return cells.withColumn("weight", F.log1p(F.greatest("weight", F.lit(0.0))))


def read_weights_to_learn(how: TrainAlsSettings, tables: Tables) -> DataFrame:
    """The same, once it is known that there are marks, if marks are what is to be learnt.

    Raises:
        ContractError: nobody has given any item a mark.
    """
    weights = read_weights(how, tables)
    if learns_marks(how) and weights.isEmpty():
        raise ContractError(
            INTERACTIONS.name,
            "marks in rating_last, as implicit is false",
            "none",
            "map `rating` in the source's columns and ingest it anew, or train with implicit: true",
        )
    return weights


def read_user_cells(how: TrainAlsSettings, items: DataFrame, tables: Tables) -> DataFrame:
    """All users' cells by the model's items (``USER_CELLS``), valued as in its training.

    Where that learnt marks, an item that she has and gave no mark has NaN: it isn't recommended to
    her, though nothing follows from it. Where it learnt from events, who has but some of types that
    don't count is there too, with nothing.

    Args:
        how: the settings that the model was trained with.
        items: item_id, item_index of its items.
        tables: where the weights are.
    """
    cells = cells_by_item(read_weights(how, tables, keep_unmarked=learns_marks(how)), items)
    if how.weights_from != "events":
        return cells
    uncounted = ~F.col("event_type").isin(*how.event_weights)
    others = tables.read(SILVER_EVENTS).where(uncounted).select("user_id").distinct()
    nothing = {"column_index": F.lit(None).cast("int"), "value": F.lit(0.0)}
    return cells.unionByName(others.withColumns(nothing))


def learns_marks(how: TrainAlsSettings) -> bool:
    """Whether a model learns the marks of those who gave any."""
    return how.weights_from == "interactions" and not how.implicit
