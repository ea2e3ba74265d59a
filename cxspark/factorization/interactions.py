"""The features of interactions as cells that a model learns from."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import USER_ITEM


def weigh_interactions(
    interactions: DataFrame, *, implicit: bool, keep_unmarked: bool = False
) -> DataFrame:
    """Interactions in the shape of the matrix: one row per user_id x item_id (``USER_ITEM``).

    Args:
        interactions: ``INTERACTIONS``.
        implicit: the weight is confidence: decayed and capped. Otherwise it is the latest mark,
            and who has given an item none has no cell for it.
        keep_unmarked: there is a cell all the same, of NaN: she has the item, and it says nothing.

    Raises:
        ContractError: a column is missing or of another type.

    Cost: no shuffle.
    """
    require_columns(interactions, INTERACTIONS)
    weight = F.col("weight" if implicit else "rating_last")
    if keep_unmarked:
        weight = F.coalesce(weight, F.lit(float("nan")))
    return (
        interactions.withColumn("weight", weight)
        .where(F.col("weight").isNotNull())
        .select(*USER_ITEM.columns)
    )
