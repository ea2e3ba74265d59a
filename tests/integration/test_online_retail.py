"""The main job on Online Retail, a year of a real shop: what is known of it must come out."""

from pathlib import Path

import pytest
from main_job import MainJob
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.steps.graph import STEPS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.usefixtures("generated_code"),
]

N_LINES = 541_909
N_WITHOUT_CUSTOMER = 135_080
N_DUPLICATES = 5_268
# The other 43 duplicates have no customer, and are rejected for that.
N_DUPLICATES_OF_CUSTOMERS = 5_225
N_ACCEPTED = 401_604
N_CUSTOMERS = 4_372
N_ITEMS = 3_684
# Customers of the first 80% of the events who buy something new in the rest.
N_JUDGED = 1_441


@pytest.fixture(scope="module")
def shop(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory) -> MainJob:
    root = tmp_path_factory.mktemp("online_retail") / "tables"
    job = MainJob(spark, root, "online_retail.yaml", data / "online-retail" / "by-day")
    job.run("first")
    return job


def test_bronze_holds_every_raw_line(shop: MainJob) -> None:
    record = F.col("record")
    found = shop.read("bronze.events").agg(
        F.count(F.lit(1)).alias("lines"),
        F.countDistinct("file").alias("files"),
        F.countDistinct(record["InvoiceNo"]).alias("invoices"),
        F.countDistinct(F.nullif(record["CustomerID"], F.lit(""))).alias("customers"),
        F.count_if(record["InvoiceNo"].startswith("C")).alias("cancellations"),
        F.countDistinct(record.cast("string")).alias("different"),
    )
    assert found.collect()[0].asDict() == {
        "lines": N_LINES,
        "files": 305,
        "invoices": 25_900,
        "customers": N_CUSTOMERS,
        "cancellations": 9_288,
        "different": N_LINES - N_DUPLICATES,
    }


def test_the_funnel_adds_up(shop: MainJob) -> None:
    counts = ("n_records", "n_accepted", "n_duplicates", "n_quarantined")
    found = shop.read("ops.loads").agg(*(F.sum(name).alias(name) for name in counts))
    assert found.collect()[0].asDict() == {
        "n_records": N_LINES,
        "n_accepted": N_ACCEPTED,
        "n_duplicates": N_DUPLICATES_OF_CUSTOMERS,
        "n_quarantined": N_WITHOUT_CUSTOMER,
    }
    assert N_LINES == N_ACCEPTED + N_DUPLICATES_OF_CUSTOMERS + N_WITHOUT_CUSTOMER


def test_lines_without_a_customer_are_rejected_for_that(shop: MainJob) -> None:
    reasons = F.col("reasons")
    found = shop.read("silver.quarantine").agg(
        F.count_if(F.array_contains(reasons, "missing_user_id")).alias("without_customer"),
        F.count_if(F.array_contains(reasons, "negative_quantity")).alias("negative_quantity"),
        F.count_if(F.array_contains(reasons, "negative_amount")).alias("negative_amount"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_set(reasons)))).alias("reasons"),
    )
    # 1,336 lines with less than nothing aren't cancellations: breakages, written off.
    assert found.collect()[0].asDict() == {
        "without_customer": N_WITHOUT_CUSTOMER,
        "negative_quantity": 1_336,
        "negative_amount": 2,
        "reasons": ["missing_user_id", "negative_amount", "negative_quantity"],
    }


def test_silver_holds_customers_purchases_and_cancellations_once(shop: MainJob) -> None:
    found = shop.read("silver.events").agg(
        F.count_if(F.col("event_type") == "purchase").alias("purchases"),
        F.count_if(F.col("event_type") == "return").alias("returns"),
        F.countDistinct("event_key").alias("keys"),
        F.countDistinct("user_id").alias("users"),
        F.countDistinct("item_id").alias("items"),
        F.min("event_at").cast("string").alias("first"),
        F.max("event_at").cast("string").alias("last"),
    )
    assert found.collect()[0].asDict() == {
        "purchases": N_ACCEPTED - 8_872,
        "returns": 8_872,
        "keys": N_ACCEPTED,
        "users": N_CUSTOMERS,
        "items": N_ITEMS,
        "first": "2010-12-01 08:26:00",
        "last": "2011-12-09 12:50:00",
    }


def test_the_matrix_counts_every_event_and_knows_every_id(shop: MainJob) -> None:
    cells = shop.read("gold.user_item").agg(F.sum("n_events"), F.countDistinct("user_id"))
    assert tuple(cells.collect()[0]) == (N_ACCEPTED, N_CUSTOMERS)
    for name, size in (("user", N_CUSTOMERS), ("item", N_ITEMS)):
        index = F.col(f"{name}_index")
        found = shop.read(f"gold.{name}_index").agg(
            F.count(index), F.countDistinct(index), F.min(index), F.max(index)
        )
        assert tuple(found.collect()[0]) == (size, size, 0, size - 1)


def test_every_customer_gets_ten_items_and_five_neighbours_if_she_kept_something(
    shop: MainJob,
) -> None:
    kept = shop.read("gold.user_item").where("weight > 0")
    n_warm = kept.select("user_id").distinct().count()
    assert 0 < n_warm < N_CUSTOMERS  # some only ever sent things back
    for name, n_users, size in (
        ("gold.user_neighbors", n_warm, 5),
        ("gold.recommendations", N_CUSTOMERS, 10),
    ):
        per_user = shop.read(name).groupBy("user_id").agg(F.sort_array(F.collect_list("rank")))
        ranks = per_user.toDF("user_id", "ranks").groupBy("ranks").count()
        assert [tuple(row) for row in ranks.collect()] == [(list(range(1, size + 1)), n_users)]
    again = shop.read("gold.recommendations").join(kept, ["user_id", "item_id"], "semi")
    assert again.count() == 0


def test_the_report_tells_the_funnel(shop: MainJob) -> None:
    page = shop.page()
    for number in (N_LINES, N_ACCEPTED, N_DUPLICATES_OF_CUSTOMERS, N_WITHOUT_CUSTOMER):
        assert f"{number:,}" in page


def test_the_blend_beats_what_is_popular_lately(shop: MainJob) -> None:
    # Near what is chosen by default, so that it takes a minute.
    settings = EvaluateRecommendersSettings(
        n_windows=2,
        algorithms=("ease",),
        half_lives=(14.0,),
        penalties=(100.0,),
        popular_half_lives=(3.0, 7.0),
        shares=(0.2, 0.6),
    )
    found = shop.judge(settings)
    assert found["blend"]["n_users"] == N_JUDGED
    assert found["blend"]["value"] > 0.113
    assert found["blend"]["difference_low"] > 0


def test_a_second_run_changes_nothing(shop: MainJob) -> None:
    jobs = ("ingest_events", "build_user_item", "recommend_knn")
    tables = [table.name for job in jobs for table in STEPS[job].writes]
    before = {name: shop.fingerprint(name) for name in tables}
    outcomes = shop.run("second", jobs)
    assert {name: shop.fingerprint(name) for name in tables} == before
    for job in ("ingest_events", "build_user_item"):
        assert outcomes[job].run.outputs == []
