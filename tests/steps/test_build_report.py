import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from report_tables import MODEL_METRICS, MODEL_TRIALS, ROWS

from cxspark.contracts.catalogue import TABLES
from cxspark.report.settings import BuildReportSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.build_report import newest_evaluation, run

pytestmark = pytest.mark.integration

STARTED = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def tables_at(spark: SparkSession, root: Path) -> Tables:
    return Tables(spark, Location(root=str(root)), Run("build_report", "r9", started_at=STARTED))


def numbers_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'data-metric="([^"]*)" data-value="([^"]*)"', html))


@pytest.fixture(scope="module")
def root(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    tables = Tables(spark, Location(root=str(root)), Run("test", "r1"))
    for name, query in ROWS.items():
        tables.overwrite(TABLES[name], spark.sql(query))
    judge(spark, root, "z-older", quality=0.9, n_trials=9)
    judge(spark, root, "newest", quality=0.2, n_trials=5)
    return root


def judge(spark: SparkSession, root: Path, run_id: str, *, quality: float, n_trials: int) -> None:
    """A run of evaluate_recommenders, as its tables tell of it."""
    tables = Tables(spark, Location(root=str(root)), Run("evaluate_recommenders", run_id))
    metrics = MODEL_METRICS.format(run=run_id, quality=f"{quality}D")
    trials = MODEL_TRIALS.format(run=run_id, n_trials=n_trials)
    ours = f"run_id = '{run_id}'"
    tables.overwrite(TABLES["ops.model_metrics"], spark.sql(metrics), where=ours)
    tables.overwrite(TABLES["ops.model_trials"], spark.sql(trials), where=ours)


@pytest.fixture(scope="module")
def html(spark: SparkSession, root: Path) -> str:
    run(spark, BuildReportSettings(), tables_at(spark, root))
    return (root / "report" / "index.html").read_text("utf-8")


def test_the_page_s_numbers_are_the_tables_numbers(
    spark: SparkSession, root: Path, html: str
) -> None:
    events, rejected, loads, cells, near, offers = (
        f"delta.`{root}/{name.replace('.', '/')}`" for name in ROWS
    )
    of_knn = "WHERE algorithm = 'user_knn'"
    queries = {
        "n_events": f"SELECT count(*) FROM {events}",
        "n_users": f"SELECT count(DISTINCT user_id) FROM {events}",
        "n_items": f"SELECT count(DISTINCT item_id) FROM {events}",
        "busiest_n_events": f"SELECT max(n) FROM (SELECT count(*) AS n FROM {events} "
        "GROUP BY to_date(event_at))",
        "n_records": f"SELECT sum(n_records) FROM {loads}",
        "n_accepted": f"SELECT sum(n_accepted) FROM {loads}",
        "n_duplicates": f"SELECT sum(n_duplicates) FROM {loads}",
        "n_quarantined": f"SELECT count(*) FROM {rejected}",
        "reason:future_event_at": f"SELECT count_if(array_contains(reasons, 'future_event_at')) "
        f"FROM {rejected}",
        "n_cells": f"SELECT count(*) FROM {cells}",
        "density": "SELECT count(*) / (count(DISTINCT user_id) * count(DISTINCT item_id)) "
        f"FROM {cells}",
        "mean_items": f"SELECT count(*) / count(DISTINCT user_id) FROM {cells}",
        "n_pairs": f"SELECT count(*) FROM {near} {of_knn}",
        "n_users_with_neighbors": f"SELECT count(DISTINCT user_id) FROM {near} {of_knn}",
        "n_recommendations": f"SELECT count(*) FROM {offers} {of_knn}",
        "origin:popular": f"SELECT count_if(origin = 'popular') FROM {offers} {of_knn}",
        "n_items_recommended": f"SELECT count(DISTINCT item_id) FROM {offers} {of_knn}",
    }
    selected = ", ".join(f"double(({query})) AS `{name}`" for name, query in queries.items())
    expected = spark.sql(f"SELECT {selected}").collect()[0].asDict()
    shown = numbers_of(html)
    assert {name: float(shown[name]) for name in queries} == pytest.approx(expected)
    assert float(shown["n_records"]) == sum(
        float(shown[name]) for name in ("n_accepted", "n_duplicates", "n_quarantined")
    )
    assert {name for name in shown if name.startswith("version:")} == {
        f"version:{name}" for name in (*ROWS, "ops.model_metrics", "ops.model_trials")
    }


def test_the_popular_share_is_that_of_the_most_popular_items(
    spark: SparkSession, root: Path, html: str
) -> None:
    shown = numbers_of(html)
    events = f"delta.`{root}/silver/events`"
    top, total = spark.sql(
        f"SELECT sum(n), (SELECT count(*) FROM {events}) FROM (SELECT count(*) AS n FROM {events} "
        f"GROUP BY item_id ORDER BY n DESC LIMIT {int(shown['n_popular_items'])})"
    ).collect()[0]
    assert float(shown["popular_share"]) == pytest.approx(top / total)


def test_picked_customers_get_their_own_recommendations(
    spark: SparkSession, root: Path, html: str
) -> None:
    shown = {
        tuple(name.split(":")[1:]): items.split()
        for name, items in numbers_of(html).items()
        if name.startswith("suggestions:")
    }
    assert len({user for _, user in shown}) == BuildReportSettings().n_customers
    assert len(shown) == 2 * BuildReportSettings().n_customers
    offers = spark.sql(
        "SELECT algorithm, user_id, transform(array_sort(collect_list(struct(rank, item_id))), "
        f"pair -> pair.item_id) AS items FROM delta.`{root}/gold/recommendations` "
        "GROUP BY algorithm, user_id"
    ).collect()
    own = {(row["algorithm"], row["user_id"]): row["items"] for row in offers}
    assert shown == {key: own[key] for key in shown}


def test_scores_and_reasons_are_the_tables(html: str) -> None:
    shown = numbers_of(html)
    scores = {name: value for name, value in shown.items() if name.startswith("score:als:")}
    assert {name.rsplit(":", 1)[1]: value for name, value in scores.items()} == {
        "1": "3.0",
        "2": "2.0",
        "3": "1.0",
    }
    # Three quarters of each score by ALS come from the item named like a script.
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 75%" in html
    assert "all else 25%" in html
    assert "Customers near have it:" in html


def test_the_newest_evaluation_is_shown(spark: SparkSession, root: Path, html: str) -> None:
    rows = spark.sql(
        f"SELECT * FROM delta.`{root}/ops/model_metrics` WHERE run_id = 'newest' AND k = 10"
    ).collect()
    expected = {}
    for row in rows:
        if row["segment"] == "all":
            name = "quality" if row["metric"] == "ndcg" else row["metric"]
            expected[f"board:{row['algorithm']}:{name}"] = row["value"]
            seconds = row["fit_seconds"] + row["recommend_seconds"]
            expected[f"board:{row['algorithm']}:seconds"] = seconds
    expected |= {"board:blend:difference": 0.05, "tried:blend": 5}
    shown = numbers_of(html)
    assert {name: float(shown[name]) for name in expected} == pytest.approx(expected)
    assert shown["finding"].startswith("blend is better than popular_recent")
    assert "share 2<" in html


def test_a_script_in_an_item_name_stays_text(html: str) -> None:
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_asking_for_the_picked_customers_gives_the_same_page(
    spark: SparkSession, root: Path, html: str, tmp_path: Path
) -> None:
    target = tmp_path / "deep" / "page.html"
    picked = re.findall(r"<h3>Customer (.*?)</h3>", html)
    settings = BuildReportSettings(output=str(target), customers=picked, n_customers=0)
    run(spark, settings, tables_at(spark, root))
    assert target.read_text("utf-8") == html
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]


def test_a_run_done_again_is_the_newest(spark: SparkSession, root: Path) -> None:
    judge(spark, root, "z-older", quality=0.9, n_trials=9)
    again = newest_evaluation(tables_at(spark, root))
    assert {row["run_id"] for row in again.metrics} == {"z-older"}
    pinned = tables_at(spark, root)
    pinned.run.inputs["ops.model_metrics"] = 2
    assert {row["run_id"] for row in newest_evaluation(pinned).metrics} == {"newest"}


def test_no_tables_at_all_make_a_page(spark: SparkSession, tmp_path: Path) -> None:
    run(spark, BuildReportSettings(), tables_at(spark, tmp_path))
    html = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "There is nothing to tell yet" in html
    assert numbers_of(html)["n_events"] == "0"
    assert "run <code>evaluate_recommenders</code>" in html
