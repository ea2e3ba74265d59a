"""Real tables of customers and of sessions, taken in by conf alone."""

from collections import Counter
from pathlib import Path

import pytest
from customer_sources import take_in
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.features import CUSTOMERS, SNAPSHOTS
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.usefixtures("generated_code"),
]

CASES = {"bank_churners": (10_127, 14, 6), "online_shoppers": (12_330, 10, 8)}


@pytest.fixture(scope="module")
def tables(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    root = tmp_path_factory.mktemp("customers")
    for source in CASES:
        take_in(spark, root, data, source)
    return Tables(spark, Location(root=str(root)), Run("test", "test"))


@pytest.mark.parametrize("name", CASES)
def test_every_record_is_a_customer_with_features(tables: Tables, name: str) -> None:
    n_rows, n_numbers, n_categories = CASES[name]
    (load,) = tables.read(SNAPSHOTS).where(F.col("source") == name).collect()
    assert (load["n_records"], load["n_accepted"]) == (n_rows, n_rows)
    rows = tables.read(CUSTOMERS).where(F.col("source") == name)
    sizes = rows.agg(F.max(F.size("numbers")), F.max(F.size("categories"))).collect()[0]
    assert tuple(sizes) == (n_numbers, n_categories)


def test_classes_are_as_often_as_is_known(tables: Tables) -> None:
    found = {
        (row["source"], row["label"]): row["count"]
        for row in tables.read(CUSTOMERS)
        .select(
            "source",
            F.coalesce(
                F.try_element_at("categories", F.lit("Attrition_Flag")),
                F.try_element_at("categories", F.lit("Revenue")),
            ).alias("label"),
        )
        .groupBy("source", "label")
        .count()
        .collect()
    }
    assert Counter(found) == {
        ("bank_churners", "Existing Customer"): 8_500,
        ("bank_churners", "Attrited Customer"): 1_627,
        ("online_shoppers", "FALSE"): 10_422,
        ("online_shoppers", "TRUE"): 1_908,
    }


def test_what_the_bank_does_not_know_is_no_value(tables: Tables) -> None:
    bank = tables.read(CUSTOMERS).where(F.col("source") == "bank_churners")
    income = F.try_element_at("categories", F.lit("Income_Category"))
    assert bank.where(income.isNull()).count() == 1_112
    assert bank.where(income == "Unknown").count() == 0
