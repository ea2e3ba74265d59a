import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.catalogue import TABLES
from cxspark.report.settings import BuildReportSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.build_report import newest_evaluation, run

pytestmark = pytest.mark.integration

STARTED = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)

# Eleven customers with 1 to 11 items; each has two neighbours and three suggestions, one of them of
# what is popular, by each of two algorithms, whose reasons are other customers or items. Two models
# were judged, in two runs.
ROWS = {
    "silver.events": """
        SELECT 'shop' AS source, concat_ws('-', u, i, n) AS event_key, concat('u', u) AS user_id,
          concat('item', i) AS item_id, if(n = 1, 'view', 'purchase') AS event_type,
          timestamp'2026-03-01 00:00:00' + make_dt_interval(u + i, n) AS event_at,
          'web' AS channel, 1.0D AS quantity, 2.5D AS amount,
          if(i = 1, '<script>alert(1)</script>', NULL) AS item_name,
          CAST(NULL AS double) AS rating, CAST(NULL AS double) AS watched_seconds,
          CAST(NULL AS double) AS duration_seconds, 'f1' AS load_id, u AS record_number
        FROM (SELECT id AS u, explode(sequence(1L, id)) AS i FROM range(1, 12))
        LATERAL VIEW explode(sequence(1L, 1 + i % 2)) AS n""",
    "silver.quarantine": """
        SELECT 'bronze.events' AS origin, 'shop' AS source, 'f1' AS load_id, 'a.csv' AS file,
          id + 1 AS record_number,
          if(id < 2, array('missing_user_id', 'future_event_at'), array('missing_user_id'))
            AS reasons,
          map('a', 'b') AS record, CAST(NULL AS string) AS malformed,
          timestamp'2026-11-23 18:00:00' AS loaded_at
        FROM range(7)""",
    "ops.loads": """
        SELECT 'shop' AS source, 'f1' AS load_id, 'a.csv' AS file, 99L AS n_bytes,
          timestamp'2026-11-23 17:00:00' AS modified_at, 114L AS n_records,
          102L AS n_accepted, 5L AS n_duplicates, 7L AS n_quarantined, 'r' AS run_id,
          timestamp'2026-11-23 18:00:00' AS loaded_at""",
    "gold.user_item": """
        SELECT concat('u', u) AS user_id, concat('item', i) AS item_id, CAST(i AS double) AS weight,
          1 + i % 2 AS n_events, timestamp'2026-03-01 00:00:00' AS first_at,
          timestamp'2026-03-09 00:00:00' AS last_at
        FROM (SELECT id AS u, explode(sequence(1L, id)) AS i FROM range(1, 12))""",
    "gold.user_neighbors": """
        SELECT algorithm, concat('u', id) AS user_id, CAST(rank AS int) AS rank,
          concat('u', 1 + (id + rank) % 11) AS neighbor_id, rank / 4.0D AS distance,
          'cosine' AS metric
        FROM range(1, 12) LATERAL VIEW explode(array('user_knn', 'als')) AS algorithm
        LATERAL VIEW explode(array(1L, 2L)) AS rank""",
    "gold.recommendations": """
        SELECT algorithm, concat('u', id) AS user_id, CAST(rank AS int) AS rank,
          concat('item', (id + rank) % 5) AS item_id, 4.0D - rank AS score,
          if(rank = 3, 'popular', if(algorithm = 'als', 'model', 'neighbors')) AS origin,
          if(algorithm = 'als',
            array(named_struct('kind', 'item', 'id', 'item1', 'distance', CAST(NULL AS double),
              'contribution', 0.75D * (4 - rank)), named_struct('kind', 'other', 'id', '',
              'distance', NULL, 'contribution', 0.25D * (4 - rank))),
            array(named_struct('kind', if(rank = 3, 'popularity', 'neighbor'),
              'id', concat('u', 1 + (id + 1) % 11), 'distance', 0.25D,
              'contribution', 4.0D - rank))) AS reasons
        FROM range(1, 12) LATERAL VIEW explode(array('user_knn', 'als')) AS algorithm
        LATERAL VIEW explode(array(1L, 2L, 3L)) AS rank""",
}
MODEL_METRICS = """
    SELECT '{run}' AS run_id, algorithm, segment, metric, 10 AS k, {quality} * weight AS value,
      {quality} * weight - 0.01D AS low, {quality} * weight + 0.01D AS high, 80L AS n_users,
      if(algorithm = 'blend', 'popular_recent', NULL) AS baseline,
      if(algorithm = 'blend', 0.05D, NULL) AS difference,
      if(algorithm = 'blend', 0.02D, NULL) AS difference_low,
      if(algorithm = 'blend', 0.08D, NULL) AS difference_high,
      algorithm = 'blend' AS is_default, 1.5D AS fit_seconds, weight AS recommend_seconds,
      '{{}}' AS settings, 'time' AS split, 'all items' AS candidates, 'a formula' AS formula,
      42L AS seed, 'silver.events@0' AS input
    FROM VALUES ('blend', 1.0D), ('popular_recent', 0.5D) AS models(algorithm, weight)
    LATERAL VIEW explode(array('all', 'history of 1-5 items')) AS segment
    LATERAL VIEW explode(array('ndcg', 'recall', 'coverage')) AS metric"""
MODEL_TRIALS = """
    SELECT '{run}' AS run_id, 'blend' AS algorithm, CAST(trial AS int) AS trial,
      concat('{{"share": ', trial, '}}') AS settings, concat('w', w) AS window,
      timestamp'2026-01-01 00:00:00' + make_dt_interval(CAST(w AS int)) AS window_from,
      timestamp'2026-02-01 00:00:00' AS window_until, 'ndcg' AS metric, 10 AS k, 0.1D AS value,
      80L AS n_users, trial = 2 AS is_chosen
    FROM range({n_trials}) AS trials(trial) LATERAL VIEW explode(array(1L, 2L)) AS w"""


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
