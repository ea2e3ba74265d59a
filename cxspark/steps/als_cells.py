"""What ALS is trained on, and so what its recommendations are made from: one place for both."""

from pyspark.sql import DataFrame

from cxspark.contracts.errors import ContractError
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.factorization.interactions import weigh_interactions
from cxspark.factorization.items import cells_by_item
from cxspark.factorization.settings import TrainAlsSettings
from cxspark.runtime.tables import Tables


def read_weights(
    how: TrainAlsSettings, tables: Tables, *, keep_unmarked: bool = False
) -> DataFrame:
    """The matrix that a training with these settings learns from (``USER_ITEM``)."""
    if how.weights_from == "user_item":
        return tables.read(USER_ITEM)
    interactions = tables.read(INTERACTIONS)
    return weigh_interactions(interactions, implicit=how.implicit, keep_unmarked=keep_unmarked)


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
    her, though nothing follows from it.

    Args:
        how: the settings that the model was trained with.
        items: item_id, item_index of its items.
        tables: where the weights are.
    """
    return cells_by_item(read_weights(how, tables, keep_unmarked=learns_marks(how)), items)


def learns_marks(how: TrainAlsSettings) -> bool:
    """Whether a model learns the marks of those who gave any."""
    return how.weights_from == "interactions" and not how.implicit
