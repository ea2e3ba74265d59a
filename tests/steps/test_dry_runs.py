"""A dry run beside the run: where there is nothing yet, and where there is what a job asks for."""

import logging
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.features import CUSTOMER_FEATURES
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX
from cxspark.contracts.table import Table
from cxspark.runtime.config import Config
from cxspark.runtime.location import Location
from cxspark.runtime.outcome import Outcome
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS

DERIVED = {"features": {"table": "gold.customer_features"}}
COLUMNS = {"user_id": "u", "item_id": "i", "event_type": "a", "event_at": "t"}
EVENTS = {"name": "shop", "columns": COLUMNS}
LINES = "u,i,a,t\nann,tea,view,2026-01-01 10:00:00\n"
SETTINGS: dict[str, dict[str, Any]] = {
    "ingest_events": {"source": EVENTS, "input": ["raw.csv"]},
    "ingest_customers": {"source": {"name": "bank", "user_id": "u"}, "input": ["raw.csv"]},
    "rank_features": {"label": "plan"},
    "train_tree": {"label": "plan"},
    "classify_knn": {"label": "plan"},
}
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("ingest_events", {"source": EVENTS, "input": ["nowhere.csv"]}),
    ("train_als", {"weights_from": "interactions"}),
    ("segment_customers", {"habits": None, "customers": {}}),
    ("segment_customers", {"customers": {"table": "gold.customer_features"}}),
    ("cluster_customers", DERIVED),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a raw file and no tables."""
    (tmp_path / "raw.csv").write_text(LINES)
    return tmp_path


def ended(folder: Path, job: str, settings: dict[str, Any], *, dry_run: bool) -> Outcome:
    environment = {"tables": {"root": str(folder / "tables")}}
    if "input" in settings:
        settings = {**settings, "input": [str(folder / name) for name in settings["input"]]}
    config = Config({"environment": environment, job: settings}, origin="test")
    (outcome,) = submit([STEPS[job]], config, run_id="r", dry_run=dry_run)
    return outcome


def make(spark: SparkSession, folder: Path, *empty: Table) -> None:
    tables = Tables(spark, Location(root=str(folder / "tables")), Run("test", "test"))
    for table in empty:
        tables.create(table)


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    ("job", "settings"), [*((name, SETTINGS.get(name, {})) for name in STEPS), *OTHERS]
)
def test_where_there_is_nothing_a_dry_run_ends_as_the_run_does(
    folder: Path, job: str, settings: dict[str, Any]
) -> None:
    told = ended(folder, job, settings, dry_run=True)
    assert not (folder / "tables").exists()
    done = ended(folder, job, settings, dry_run=False)
    assert told.exit_code == done.exit_code
    assert told.error == done.error


@pytest.mark.parametrize(
    ("job", "settings", "there"),
    [
        ("rank_features", {"label": "plan", **DERIVED}, (CUSTOMER_FEATURES,)),
        ("train_als", {"weights_from": "interactions"}, (INTERACTIONS, USER_INDEX, ITEM_INDEX)),
        ("segment_customers", {}, (SILVER_EVENTS,)),
    ],
)
def test_a_dry_run_asks_for_what_the_settings_name_alone(
    spark: SparkSession, folder: Path, job: str, settings: dict[str, Any], there: tuple[Table, ...]
) -> None:
    make(spark, folder, *there)
    told = ended(folder, job, settings, dry_run=True)
    assert (told.error, {one.table for one in told.inputs}) == (None, {one.name for one in there})


def test_a_dry_run_tells_of_tables_that_a_job_could_do_without(
    spark: SparkSession, folder: Path
) -> None:
    make(spark, folder, SILVER_EVENTS)
    told = ended(folder, "build_report", {}, dry_run=True)
    assert [(one.table, one.n_rows) for one in told.inputs] == [("silver.events", 0)]


@pytest.mark.usefixtures("spark")
def test_a_dry_run_tells_of_raw_files(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("cxspark").propagate = True
    with caplog.at_level(logging.INFO, "cxspark"):
        ended(folder, "ingest_events", SETTINGS["ingest_events"], dry_run=True)
    told = f"ingest_events: reads {folder}/raw.csv: files 1, bytes {len(LINES)}"
    assert told in caplog.messages
