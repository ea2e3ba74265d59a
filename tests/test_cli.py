import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from cxspark.cli import app
from cxspark.contracts.errors import ConfigError
from cxspark.steps.graph import STEPS

EVENTS = """when,customer,article,what
2026-03-01 10:00:00,ann,tea,purchase
2026-03-01 11:00:00,ann,milk,view
2026-03-02 10:00:00,bob,tea,purchase
2026-03-02 10:00:00,bob,cup,purchase
2026-03-02 10:00:00,bob,cup,purchase
,eve,cup,view
"""


@pytest.fixture(scope="module")
def demo(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001
    """A folder in which the demo has run on six records of one's own."""
    folder = tmp_path_factory.mktemp("demo")
    events, source = folder / "events.csv", folder / "mapping.yaml"
    events.write_text(EVENTS)
    source.write_text(
        "name: own\n"
        "columns: {user_id: customer, item_id: article, event_at: when, event_type: what}\n"
    )
    result = CliRunner().invoke(
        app, ["demo", str(events), "--source", str(source), "--into", str(folder)]
    )
    assert result.exit_code == 0, result.output
    (folder / "said").write_text(result.output)
    return folder


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_jobs_settings_are_told_those_within_too() -> None:
    said = invoke("jobs", "ingest_events")
    assert "source.columns.user_id" in said
    assert "evaluate" not in said
    told = " ".join(invoke("jobs", "recommend_als").split())
    assert "users" in told
    for name, field in STEPS["recommend_als"].settings.model_fields.items():
        assert name in told
        assert field.description


def test_a_job_that_isnt_one_is_told() -> None:
    result = CliRunner().invoke(app, ["jobs", "no_job"])
    assert isinstance(result.exception, ConfigError)


def test_the_demo_accounts_for_every_record(demo: Path) -> None:
    said = (demo / "said").read_text()
    assert "records in 6 = accepted 4 + duplicates 1 + quarantined 1" in said


def test_the_demo_ends_by_saying_where_the_page_is(demo: Path) -> None:
    page = demo / "report" / "index.html"
    assert page.read_text().startswith("<!doctype html>")
    assert str(page) in (demo / "said").read_text()


def test_events_of_two_files_arent_one_shop_s(demo: Path) -> None:
    result = CliRunner().invoke(app, ["demo", "--into", str(demo)])
    assert isinstance(result.exception, ConfigError)
    assert f"those of {demo}/events.csv" in str(result.exception)


def test_a_folder_that_cant_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["demo", "--into", str(tmp_path / "file" / "demo")])
    assert isinstance(result.exception, ConfigError)
    assert "a folder that can be written to" in str(result.exception)


def test_tables_lists_rows_and_the_job_that_wrote_them(demo: Path) -> None:
    lines = invoke("tables", "-c", str(demo / "demo.yaml")).splitlines()
    (matrix,) = [line for line in lines if "gold.user_item" in line]
    assert "build_user_item demo" in matrix
    assert " 4 " in matrix


def test_show_prints_the_rows_asked_for(demo: Path) -> None:
    config = str(demo / "demo.yaml")
    said = invoke("show", "gold.user_item", "-c", config, "--where", "user_id = 'bob'")
    assert "bob" in said
    assert "ann" not in said


def test_show_refuses_a_table_that_there_is_not() -> None:
    result = CliRunner().invoke(app, ["show", "gold.nothing"])
    assert isinstance(result.exception, ConfigError)


def test_run_does_jobs_in_the_order_of_the_graph(demo: Path) -> None:
    config = str(demo / "demo.yaml")
    said = invoke("run", "recommend_knn", "build_user_item", "-c", config, "--run-id", "again")
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["job"] for line in lines] == ["build_user_item", "recommend_knn"]
    assert {line["status"] for line in lines} == {"done"}


def test_run_upstream_plans_all_that_a_job_reads_from(demo: Path) -> None:
    config = str(demo / "demo.yaml")
    said = invoke("run", "recommend_knn", "--upstream", "--dry-run", "-c", config)
    jobs = [json.loads(line)["job"] for line in said.splitlines()]
    assert jobs == ["ingest_events", "build_user_item", "recommend_knn"]


def test_jobs_lists_every_job_and_what_it_reads() -> None:
    said = invoke("jobs")
    assert all(name in said for name in STEPS)
    assert "gold.user_item" in said


def test_a_job_that_there_is_not_is_refused() -> None:
    result = CliRunner().invoke(app, ["run", "no_such_job"])
    assert isinstance(result.exception, ConfigError)
    assert "ingest_events" in str(result.exception)
