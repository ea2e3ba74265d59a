"""The report's page in a real browser."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from absent import absent
from pyspark.sql import SparkSession

from cxspark.contracts.catalogue import TABLES
from cxspark.report.settings import BuildReportSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.build_report import run

pytestmark = pytest.mark.integration

BROWSERS = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome")
WIDTHS = (1280, 400)
NAMES = (
    "'Linen lamp'",
    "concat('<script>console.error(\"', 'ran</script><img src=x onerror=alert(1)>')",
    "repeat('Donaudampfschiff', 12)",
    "'Tasse «Zürich» & Söhne $5$ 日本'",
    "CAST(NULL AS string)",
)

# A shop of 400 customers; popular items are those with low numbers.
ROWS = {
    "silver.events": f"""
        SELECT 'shop' AS source, CAST(id AS string) AS event_key,
          concat('customer-', id % 400) AS user_id, concat('sku-', item) AS item_id,
          element_at(array('view', 'view', 'view', 'cart', 'purchase', 'a very long type of event',
            'x', 'y'), CAST(1 + id % 8 AS int)) AS event_type,
          timestamp'2026-01-01 00:00:00' + make_dt_interval(CAST(id % 97 AS int)) AS event_at,
          'web' AS channel, 1.0D AS quantity, 2.5D AS amount,
          element_at(array({", ".join(NAMES)}), CAST(1 + item % 5 AS int)) AS item_name,
          CAST(NULL AS double) AS rating, CAST(NULL AS double) AS watched_seconds,
          CAST(NULL AS double) AS duration_seconds, 'f1' AS load_id, id AS record_number
        FROM (SELECT id, CAST(pow(pmod(xxhash64(id), 1000) / 1000, 3) * 120 AS long) AS item
          FROM range(6000))""",
    "silver.quarantine": """
        SELECT 'bronze.events' AS origin, 'shop' AS source, 'f1' AS load_id,
          concat('file:/', repeat('very-long-name-', 12), '.csv') AS file, id AS record_number,
          array(element_at(array('missing_user_id', 'future_event_at', '<b>new</b>'),
            CAST(1 + id % 3 AS int))) AS reasons,
          map('a', 'b') AS record, CAST(NULL AS string) AS malformed,
          timestamp'2026-11-23 18:00:00' AS loaded_at
        FROM range(100)""",
    "ops.loads": """
        SELECT concat('shop ', id) AS source, 'f1' AS load_id, 'a.csv' AS file,
          99L AS n_bytes, timestamp'2026-11-23 17:00:00' AS modified_at,
          3070L AS n_records, 3000L AS n_accepted, 20L AS n_duplicates, 50L AS n_quarantined,
          'r' AS run_id, timestamp'2026-11-23 18:00:00' AS loaded_at
        FROM range(2)""",
    "gold.user_item": """
        SELECT user_id, item_id, count(*) * 1.0D AS weight, count(*) AS n_events,
          min(event_at) AS first_at, max(event_at) AS last_at
        FROM events GROUP BY user_id, item_id""",
    "gold.user_neighbors": """
        SELECT 'user_knn' AS algorithm, concat('customer-', id) AS user_id, rank,
          concat('customer-', (id * 7 + rank) % 400) AS neighbor_id,
          rank * (1 + id % 50) / 20.0D AS distance, 'euclidean' AS metric
        FROM range(380) LATERAL VIEW explode(array(1, 2, 3, 4, 5, 6, 7)) AS rank""",
    "gold.recommendations": """
        SELECT 'user_knn' AS algorithm, concat('customer-', id) AS user_id, rank,
          concat('sku-', (id * rank) % 100) AS item_id, 8.0D - rank AS score,
          if(id < 380, 'neighbors', 'popular') AS origin,
          transform(sequence(1, 8 - rank), i -> named_struct('kind', 'neighbor',
            'id', concat('customer-', (id * 7 + i) % 400), 'distance', i / 20.0D,
            'contribution', 1.0D)) AS reasons
        FROM range(400) LATERAL VIEW explode(array(1, 2, 3, 4, 5, 6)) AS rank
        UNION ALL SELECT 'als', concat('customer-', id), rank, concat('sku-', (id + rank) % 100),
          1.0D / rank, 'model', array(named_struct('kind', 'item', 'id', 'sku-1',
            'distance', CAST(NULL AS double), 'contribution', 0.7D / rank), named_struct('kind',
            'other', 'id', '', 'distance', CAST(NULL AS double), 'contribution', 0.3D / rank))
        FROM range(400) LATERAL VIEW explode(array(1, 2, 3)) AS rank""",
    "ops.model_metrics": """
        SELECT 'r1' AS run_id, algorithm, segment, metric, 10 AS k, weight / 10 AS value,
          weight / 10 - 0.01D AS low, weight / 10 + 0.01D AS high, 80L AS n_users,
          if(algorithm = 'popular_recent', NULL, 'popular_recent') AS baseline,
          if(algorithm = 'popular_recent', NULL, 0.05D) AS difference,
          if(algorithm = 'popular_recent', NULL, 0.02D) AS difference_low,
          if(algorithm = 'popular_recent', NULL, 0.08D) AS difference_high,
          algorithm = 'blend' AS is_default, 1.5D AS fit_seconds, weight AS recommend_seconds,
          '{}' AS settings, 'time' AS split, 'all items' AS candidates, 'a formula' AS formula,
          42L AS seed, 'silver.events@0' AS input
        FROM VALUES ('blend', 1.0D), ('popular_recent', 0.5D), ('a_model_of_a_long_name', 0.7D),
          ('ease', 0.98D), ('als', 0.97D), ('user_knn', 0.3D) AS models(algorithm, weight)
        LATERAL VIEW explode(array('all', 'history of 1-5 items', 'others')) AS segment
        LATERAL VIEW explode(array('ndcg', 'recall', 'hit_rate', 'coverage')) AS metric""",
}

# Runs in a copy of the page, which lets it, in a frame of any width (a window is 500 at least).
# What scrolls by itself may be wider.
PROBE = """<script>addEventListener("load", () => {
  const inside = element => !element.closest(".scroll, nav, svg");
  const sticks_out = element => element.getBoundingClientRect().right > innerWidth + 1;
  const all = [...document.querySelectorAll("body *")];
  parent.postMessage(JSON.stringify({
    width: innerWidth,
    scroll_width: document.documentElement.scrollWidth,
    height: document.documentElement.scrollHeight,
    requests: performance.getEntriesByType("resource").map(entry => entry.name),
    sticking_out: all.filter(inside).filter(sticks_out).map(element => element.outerHTML),
    charts: all.filter(e => e.tagName == "svg" && e.getBoundingClientRect().width > 0).length,
  }), "*");
  console.log("the probe has run");
});</script>"""
FRAME = """<!doctype html><script>
addEventListener("message", event => { document.documentElement.dataset.probe = event.data; });
</script><iframe src="probed.html" style="border: 0; width: %dpx; height: 900px"></iframe>"""


@dataclass(frozen=True)
class Look:
    """What the browser made of the page at one width."""

    width: int
    found: dict[str, Any]
    log: str


class Browser:
    """Headless Chromium, one process a call, that may not reach any network."""

    def __init__(self, program: str, profile: Path) -> None:
        self.command = [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=2000",
        ]

    def open(self, page: Path, width: int, *options: str) -> tuple[str, str]:
        """What it prints and what it logs."""
        done = subprocess.run(
            [*self.command, f"--window-size={width},900", *options, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout, done.stderr


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        absent(f"no browser: install the package chromium (looked for {', '.join(BROWSERS)})")
    return Browser(program, tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def page(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    # The report knows a comparison of models by the job that wrote it.
    made = Tables(spark, Location(root=str(root)), Run("evaluate_recommenders", "r1"))
    spark.sql(ROWS["silver.events"]).createOrReplaceTempView("events")
    for name, query in ROWS.items():
        made.overwrite(TABLES[name], spark.sql(query))
    tables = Tables(spark, Location(root=str(root)), Run("build_report", "r1"))
    run(spark, BuildReportSettings(), tables)
    return root / "report" / "index.html"


@pytest.fixture(scope="module", params=WIDTHS)
def look(request: pytest.FixtureRequest, browser: Browser, page: Path) -> Look:
    html = page.read_text("utf-8")
    open_to_scripts = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    probed = open_to_scripts.replace("</body>", f"{PROBE}</body>")
    page.with_name("probed.html").write_text(probed, "utf-8")
    frame = page.with_name("frame.html")
    frame.write_text(FRAME % request.param, "utf-8")
    dom, log = browser.open(frame, 1400, "--dump-dom")
    probe = re.search(r'data-probe="([^"]*)"', dom)
    assert probe, log
    return Look(request.param, json.loads(unescape(probe[1])), log)


def test_nothing_is_wider_than_the_window(look: Look) -> None:
    assert look.found["width"] == look.width
    assert look.found["sticking_out"] == []
    assert look.found["scroll_width"] == look.width


def test_the_page_is_as_long_as_a_page_should_be(look: Look) -> None:
    assert 2000 < look.found["height"] < 20_000


def test_each_figure_is_shown_once(look: Look) -> None:
    assert look.found["charts"] == 10


def test_nothing_is_asked_for(look: Look) -> None:
    assert look.found["requests"] == []


def test_no_script_of_an_item_s_name_runs_even_where_scripts_may(look: Look) -> None:
    console = [line for line in look.log.splitlines() if "CONSOLE" in line]
    assert len(console) == 1
    assert "the probe has run" in console[0]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_itself_is_drawn_without_a_complaint(
    browser: Browser, page: Path, tmp_path: Path, width: int
) -> None:
    _, log = browser.open(page, width, f"--screenshot={tmp_path / 'page.png'}")
    assert "CONSOLE" not in log
    pixels = matplotlib.image.imread(tmp_path / "page.png")[..., :3]
    assert pixels.shape[1] == width
    # A dark head over a light page, and much in between.
    assert pixels[:5].mean() < 0.4
    assert np.median(pixels[-50:]) > 0.8
    assert len(np.unique((pixels * 255).astype(int).reshape(-1, 3), axis=0)) > 100


def test_the_page_is_small_and_names_no_address(page: Path) -> None:
    html = page.read_text("utf-8")
    assert len(html.encode()) < 1_000_000
    assert not re.search(r"https?://(?!www\.w3\.org/1999/xlink)", html)
