"""The model's items: what is recommended, and what may be."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, FloatType, IntegerType, LongType, StringType, StructType

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.factors import ITEM_AVAILABILITY, ITEM_FACTORS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.contracts.table import Table, column
from cxspark.factorization.users import USER_CELLS, to_matrix

MODEL_ITEMS = Table(
    name="model's items",
    grain="one row per item_id",
    schema=StructType(
        [
            column("item_id", StringType(), "what"),
            column("item_index", IntegerType(), "its column in users' rows, from 0"),
            column("n_users", LongType(), "users with a positive weight"),
            column("n_recent", LongType(), "those of them with an event in the last days"),
            column("factors", ArrayType(FloatType()), "as many for each"),
        ]
    ),
    key=("item_id",),
)


@dataclass(frozen=True)
class Catalogue:
    """The items in the order that settles ties: by users who have them, then by item_id.

    It is made on the driver, as large as the items are, and travels to the workers.

    Attributes:
        ids: which item each column is.
        column_of: item_index -> column; -1 for those that the model hasn't.
        factors: items x rank.
        n_users: users with a positive weight.
        n_recent: those of them with an event in the last days.
        is_eligible: whether an item may be recommended.
    """

    ids: pa.StringArray
    column_of: NDArray[np.int32]
    factors: NDArray[np.float32]
    n_users: NDArray[np.int64]
    n_recent: NDArray[np.int64]
    is_eligible: NDArray[np.bool_]

    @classmethod
    def of_table(
        cls, items: pa.Table, *, allow: Collection[str] = (), deny: Collection[str] = ()
    ) -> "Catalogue":
        """The catalogue of collected items.

        Args:
            items: what ``with_availability`` gives, collected.
            allow: item ids that alone may be recommended; none: all.
            deny: item ids that are never recommended.

        Raises:
            ContractError: there are no items, or their factors aren't equally many.
        """
        if not items.num_rows:
            raise ContractError(
                ITEM_FACTORS.name, "items of the model", "none", "run train_als first"
            )
        items = items.sort_by([("n_users", "descending"), ("item_id", "ascending")])
        items = items.combine_chunks()
        factors = items["factors"].combine_chunks()
        index = items["item_index"].to_numpy()
        column_of = np.full(index.max() + 1, -1, np.int32)
        column_of[index] = np.arange(index.size)
        ids, is_eligible = eligible_items(items, allow=allow, deny=deny)
        return cls(
            ids,
            column_of,
            to_matrix(factors, rank=len(factors[0])),
            items["n_users"].to_numpy(),
            items["n_recent"].to_numpy(),
            is_eligible,
        )


def eligible_items(
    items: pa.Table, *, allow: Collection[str], deny: Collection[str]
) -> tuple[pa.StringArray, NDArray[np.bool_]]:
    """The ids of collected items, and which of them may be recommended.

    Args:
        items: item_id and is_available, as ``with_availability`` gives them.
        allow: item ids that alone may be recommended; none: all.
        deny: item ids that are never recommended.
    """
    items = items.combine_chunks()
    ids, eligible = (items[name].combine_chunks() for name in ("item_id", "is_available"))
    if allow:
        eligible = pc.and_(eligible, pc.is_in(ids, pa.array(sorted(allow))))
    if deny:
        eligible = pc.and_not(eligible, pc.is_in(ids, pa.array(sorted(deny))))
    return ids, eligible.to_numpy(zero_copy_only=False)


def with_availability(items: DataFrame, availability: DataFrame, *, at: datetime) -> DataFrame:
    """Items, each with whether it is available at an instant.

    Args:
        items: item_id and any other columns.
        availability: ``ITEM_AVAILABILITY``; an item without a row is available, one with several
            while any of them has it so.
        at: the instant; available_from counts in, available_until doesn't.

    Returns:
        The items' columns and is_available: one row per item_id.

    Cost: a join of two tables as large as the items, of which one is grouped.
    """
    require_columns(items, MODEL_ITEMS, ["item_id"])
    require_columns(availability, ITEM_AVAILABILITY)
    is_out = (F.col("available_from") > F.lit(at)) | (F.col("available_until") <= F.lit(at))
    is_in = ~F.coalesce(is_out, F.lit(False))
    known = availability.groupBy("item_id").agg(F.bool_or(is_in).alias("is_in"))
    return items.join(known, "item_id", "left").select(
        *items.columns, F.coalesce("is_in", F.lit(True)).alias("is_available")
    )


def cells_by_item(user_item: DataFrame, items: DataFrame) -> DataFrame:
    """The matrix with the columns that the model's items have.

    Args:
        user_item: user_id x item_id, one row each (``USER_ITEM``).
        items: item_id, item_index of the model's items.

    Returns:
        ``USER_CELLS``: a row for each of the matrix; its column is null for an item that the model
        hasn't.

    Cost: the items are broadcast.
    """
    require_columns(user_item, USER_ITEM, ["user_id", "item_id", "weight"])
    require_columns(items, MODEL_ITEMS, ["item_id", "item_index"])
    known = items.select("item_id", F.col("item_index").alias("column_index"))
    return (
        user_item.join(F.broadcast(known), "item_id", "left")
        .select("user_id", "column_index", F.col("weight").alias("value"))
        .select(*USER_CELLS.columns)
    )
