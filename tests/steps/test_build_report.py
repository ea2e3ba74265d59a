import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.errors import ConfigError
from cxspark.report.settings import BuildReportSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.build_report import page_path, run, write_whole

STARTED = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)

# Eleven customers with 1 to 11 items; each has two neighbours and three suggestions, one of them of
# what is popular. Another algorithm's rows lie beside them.
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
          if(rank = 3, 'popular', 'neighbors') AS origin,
          array(named_struct('kind', if(rank = 3, 'popularity', 'neighbor'),
            'id', concat('u', 1 + (id + 1) % 11), 'distance', 0.25D,
            'contribution', 4.0D - rank)) AS reasons
        FROM range(1, 12) LATERAL VIEW explode(array('user_knn', 'als')) AS algorithm
        LATERAL VIEW explode(array(1L, 2L, 3L)) AS rank""",
}


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
    return root


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
        f"version:{name}" for name in ROWS
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
        name.removeprefix("suggestions:"): items.split()
        for name, items in numbers_of(html).items()
        if name.startswith("suggestions:")
    }
    assert len(shown) == BuildReportSettings().n_customers
    offers = spark.sql(
        "SELECT user_id, transform(array_sort(collect_list(struct(rank, item_id))), "
        f"pair -> pair.item_id) AS items FROM delta.`{root}/gold/recommendations` "
        "WHERE algorithm = 'user_knn' GROUP BY user_id"
    ).collect()
    own = {row["user_id"]: row["items"] for row in offers}
    assert shown == {user: own[user] for user in shown}


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


def test_no_tables_at_all_make_a_page(spark: SparkSession, tmp_path: Path) -> None:
    run(spark, BuildReportSettings(), tables_at(spark, tmp_path))
    html = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "There is nothing to tell yet" in html
    assert numbers_of(html)["n_events"] == "0"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (Location(root="/data"), "/data/report/index.html"),
        (Location(root="file:///data/"), "/data/report/index.html"),
    ],
)
def test_the_page_lies_beside_local_tables(location: Location, expected: str) -> None:
    assert page_path(BuildReportSettings(), location) == Path(expected)


@pytest.mark.parametrize(
    "place", [{"root": "s3a://bucket/x"}, {"root": "dbfs:/x"}, {"database": "d"}]
)
def test_remote_tables_need_a_path_for_the_page(place: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"build_report\.output.*--set"):
        page_path(BuildReportSettings(), Location(**place))
    assert page_path(BuildReportSettings(output="p.html"), Location(**place)) == Path("p.html")


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    write_whole(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(target, "new \ud800")
    assert target.read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
