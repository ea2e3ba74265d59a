"""The features of interactions as cells that a model learns from."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.factorization.users import USER_CELLS


def weigh_interactions(interactions: DataFrame, *, implicit: bool) -> DataFrame:
    """Interactions in the shape of the matrix: one row per user_id x item_id (``USER_ITEM``).

    Args:
        interactions: ``INTERACTIONS``.
        implicit: the weight is confidence: decayed and capped. Otherwise it is the latest mark,
            and who has given an item none has no cell for it.

    Raises:
        ContractError: a column is missing or of another type.

    Cost: no shuffle.
    """
    require_columns(interactions, INTERACTIONS)
    weight = "weight" if implicit else "rating_last"
    return (
        interactions.where(F.col(weight).isNotNull())
        .withColumn("weight", F.col(weight))
        .select(*USER_ITEM.columns)
    )


def users_of_interactions(interactions: DataFrame) -> DataFrame:
    """A cell of no item for every interaction without a mark (``USER_CELLS``, no column).

    Beside the cells of the marks it keeps users who have given none: popular items are for them.

    Cost: no shuffle.
    """
    require_columns(interactions, INTERACTIONS, ["user_id", "rating_last"])
    return (
        interactions.where(F.col("rating_last").isNull())
        .select(
            "user_id",
            F.lit(None).cast("int").alias("column_index"),
            F.lit(0.0).alias("value"),
        )
        .select(*USER_CELLS.columns)
    )
