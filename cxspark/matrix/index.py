"""Integer dictionaries of ids: dense, and stable for good."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.table import Table

_BUCKETS = 256


def assign_index(ids: DataFrame, known: DataFrame, *, dictionary: Table) -> DataFrame:
    """Integers for the ids that have none yet, following on from the highest given.

    One row per new id. Which integer it gets depends on the new ids and on the highest known
    integer alone, not on partitions or order of arrival: ids are hashed into buckets, numbered
    within their bucket, and shifted by what the buckets before hold. No window spans all the rows.

    Args:
        ids: a column of the dictionary's key, repeats welcome; null ids are left out.
        known: the dictionary so far; may be empty.
        dictionary: USER_INDEX or ITEM_INDEX.

    Raises:
        ContractError: `known` isn't such a dictionary, or `ids` lacks its key.

    Cost: one shuffle of the ids, one by bucket, and broadcasts of 256 counts.
    """
    id_name, index_name = dictionary.columns
    require_columns(known, dictionary)
    new = (
        require_columns(ids, dictionary, [id_name])
        .select(id_name)
        .where(F.col(id_name).isNotNull())
        .distinct()
        .join(known, id_name, "left_anti")
        .withColumn("bucket", F.pmod(F.xxhash64(id_name), F.lit(_BUCKETS)))
    )
    before = Window.orderBy("bucket").rowsBetween(Window.unboundedPreceding, -1)
    start = known.agg(F.coalesce(F.max(index_name) + 1, F.lit(0)).alias("start"))
    offsets = (
        new.groupBy("bucket")
        .agg(F.count(F.lit(1)).alias("n_ids"))
        .select("bucket", F.coalesce(F.sum("n_ids").over(before), F.lit(0)).alias("offset"))
        .crossJoin(F.broadcast(start))
    )
    within = F.row_number().over(Window.partitionBy("bucket").orderBy(id_name)) - 1
    return (
        new.withColumn("within", within)
        .join(F.broadcast(offsets), "bucket")
        .select(
            id_name,
            (F.col("start") + F.col("offset") + F.col("within")).cast("int").alias(index_name),
        )
    )
