"""Raw records as customers with features, each with every reason against it."""

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.contracts.features import BRONZE_CUSTOMERS, CUSTOMERS, FeatureNames
from cxspark.functions.numeric import number
from cxspark.functions.text import is_garbled, trimmed
from cxspark.ingest.customer_settings import CustomerSource
from cxspark.ingest.duplicates import ACCEPTED, with_numbers, with_outcome
from cxspark.ingest.events import mapped_text, named_reasons


def aggregate_columns(bronze: DataFrame, *, unknown: Sequence[str]) -> DataFrame:
    """What the columns of a snapshot hold: one row per column that any record has.

    Args:
        bronze: rows of bronze.customers.
        unknown: values that count as blank.

    Returns:
        name, n_values (those known) and n_numbers (those that are numbers).

    Cost: one shuffle of a row per column and task.
    """
    require_columns(bronze, BRONZE_CUSTOMERS)
    value = _known(F.col("value"), unknown)
    return (
        bronze.where(F.col("record").isNotNull())
        .select(F.explode("record").alias("name", "value"))
        .groupBy("name")
        .agg(F.count(value).alias("n_values"), F.count(number(value)).alias("n_numbers"))
        .select("name", "n_values", "n_numbers")
    )


def choose_features(columns: Iterable[Row], *, source: CustomerSource) -> FeatureNames:
    """Which columns are features, and of which kind; those without a value are none.

    Args:
        columns: rows of `aggregate_columns`.
        source: says so of some; of the others their values tell.

    Example:
        >>> rows = [Row(name=name, n_values=2, n_numbers=n) for name, n in
        ...         (("id", 2), ("age", 2), ("city", 0), ("zip", 2), ("flat", 1))]
        >>> choose_features(rows, source=CustomerSource(name="s", user_id="id", categories=["zip"]))
        FeatureNames(numbers=('age',), categories=('city', 'flat', 'zip'))
    """
    taken = {*source.without}
    if isinstance(source.user_id, str):
        taken.add(source.user_id)
    kinds: dict[str, list[str]] = {"numbers": [], "categories": []}
    for one in sorted(columns, key=lambda row: row["name"]):
        if one["name"] in taken or not one["n_values"]:
            continue
        looks = one["n_numbers"] == one["n_values"] and one["name"] not in source.categories
        is_number = looks or one["name"] in source.numbers
        kinds["numbers" if is_number else "categories"].append(one["name"])
    return FeatureNames(tuple(kinds["numbers"]), tuple(kinds["categories"]))


def judge_customers(
    bronze: DataFrame, pieces: DataFrame, *, source: CustomerSource, names: FeatureNames
) -> DataFrame:
    """One row per raw record, with every reason, its number and its outcome.

    Of the valid records of one user_id the first (by file name, then place) is accepted; those that
    say the same are duplicates, those that say something else are quarantined.

    Args:
        bronze: rows of bronze.customers, the whole snapshot.
        pieces: of it; see `duplicates.aggregate_pieces`.
        source: the mapping.
        names: the features, see `choose_features`.

    Returns:
        Bronze's columns, user_id, numbers, categories, reasons, record_number and outcome.

    Raises:
        ConfigError: the mapping's expression isn't SQL over the source's columns.

    Cost: one shuffle by user_id.
    """
    require_columns(bronze, BRONZE_CUSTOMERS)
    mapping = {"user_id": source.user_id}
    given = mapped_text(bronze, mapping, subject=f"source {source.name}")
    numbered = with_numbers(given, pieces)
    place = F.format_string("%s-%d", F.substring("load_id", 1, 8), "record_number")
    numbers, categories = (
        _values(some, source.unknown) for some in (names.numbers, names.categories)
    )
    read = numbered.withColumns(
        {
            "user_id": F.col("user_id_text") if source.user_id is not None else place,
            "numbers": _present(names.numbers, [number(text) for text in numbers], "double"),
            "categories": _present(names.categories, categories, "string"),
            "known_content": F.lit(None).cast("bigint"),
        }
    )
    said = read.withColumns(
        {
            "reasons": named_reasons(_rules(numbers)),
            "content": F.xxhash64(F.to_json("numbers"), F.to_json("categories")),
        }
    )
    judged = with_outcome(said, key="user_id", conflict="conflicting_user_id")
    kept = ("user_id", "numbers", "categories", "reasons", "record_number", "outcome")
    return judged.select(*BRONZE_CUSTOMERS.columns, *kept)


def to_customers(judged: DataFrame) -> DataFrame:
    """One row per accepted record, as silver.customers has them."""
    needed = {"outcome", *CUSTOMERS.columns}
    if not needed <= set(judged.columns):
        raise ContractError(
            "judged customers", ", ".join(needed), ", ".join(judged.columns), "use judge_customers"
        )
    return judged.where(F.col("outcome") == ACCEPTED).select(*CUSTOMERS.columns)


def _rules(numbers: Sequence[Column]) -> dict[str, Column]:
    is_read = F.col("record").isNotNull()
    values = F.array_join(F.map_values("record"), " ")
    unparsable = [text.isNotNull() & number(text).isNull() for text in numbers]
    return {
        "malformed_record": ~is_read,
        "bad_encoding": is_garbled(F.coalesce(values, "malformed")),
        "missing_user_id": is_read & F.col("user_id").isNull(),
        "unparsable_number": F.exists(F.array(F.lit(False), *unparsable), lambda broken: broken),
    }


def _present(names: Sequence[str], values: Sequence[Column], kind: str) -> Column:
    """A map of those values that are known."""
    keys = F.array(*[F.lit(name) for name in names]).cast("array<string>")
    every = F.map_from_arrays(keys, F.array(*values).cast(f"array<{kind}>"))
    return F.map_filter(every, lambda _, value: value.isNotNull())


def _values(names: Sequence[str], unknown: Sequence[str]) -> list[Column]:
    return [_known(F.try_element_at("record", F.lit(name)), unknown) for name in names]


def _known(text: Column, unknown: Sequence[str]) -> Column:
    value = trimmed(text)
    return F.when(~value.isin(*unknown), value)
