import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cxspark.cli import app
from cxspark.contracts.errors import ConfigError
from cxspark.orchestration import GraphFormat, write_graph
from cxspark.steps.graph import STEPS, direct_upstream, follows

PROJECT = Path(__file__).resolve().parents[1]
MADE = (
    "conf/databricks/cxspark.job.yml",
    "conf/airflow/cluster.json",
    "conf/airflow/databricks.json",
)


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def graph(
    path: Path, *names: str, overrides: tuple[str, ...] = ()
) -> dict[str, dict[str, list[str]]]:
    text = write_graph(path, names, overrides, form=GraphFormat.JSON)
    jobs: dict[str, dict[str, list[str]]] = json.loads(text)["jobs"]
    return jobs


def config(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    monkeypatch.chdir(folder)
    path = Path("conf.yaml")
    path.write_text("environment: {tables: {root: x}}\n" + text)
    return path


@pytest.mark.parametrize("made", MADE)
def test_a_committed_graph_is_what_its_command_gives_now(made: str) -> None:
    text = Path(made).read_text()
    command = (
        json.loads(text)["made_by"]
        if made.endswith(".json")
        else text.splitlines()[0].removeprefix("# Made by: ")
    )
    result = CliRunner().invoke(app, shlex.split(command)[1:])
    assert result.stdout == text, f"to do: {command} > {made}"


@pytest.mark.parametrize("name", ["cluster", "databricks"])
def test_a_cluster_s_graph_has_every_job_and_looks_after_tables_when_they_are_written(
    name: str,
) -> None:
    jobs = graph(Path(f"conf/{name}.yaml"))
    assert jobs.keys() == STEPS.keys()
    before = set(jobs["care_tables"]["after"])
    for job in reversed(jobs):
        before |= set(jobs[job]["after"]) if job in before else set()
    assert before == {job for job, step in STEPS.items() if step.writes} - {"care_tables"}


def test_the_jobs_are_those_with_a_section_and_all_that_these_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config(
        tmp_path, monkeypatch, "recommend_knn: {}\ningest_events: {source: s.yaml, input: [x]}"
    )
    (tmp_path / "s.yaml").write_text(Path(PROJECT, "conf/sources/online_retail.yaml").read_text())
    assert list(graph(path)) == ["ingest_events", "build_user_item", "recommend_knn"]


def test_named_jobs_are_taken_alone() -> None:
    jobs = graph(Path("conf/cluster.yaml"), "recommend_knn", "ingest_events")
    assert jobs.keys() == {"ingest_events", "recommend_knn"}


def test_a_job_comes_directly_after_what_no_other_already_comes_after() -> None:
    found = direct_upstream(STEPS)
    reached: dict[str, set[str]] = {}
    for job, upstream in found.items():
        assert not {one for other in upstream for one in reached[other]} & set(upstream)
        reached[job] = set(upstream).union(*(reached[one] for one in upstream))
        assert follows(job) <= reached[job]


def test_a_job_gets_the_overrides_of_its_section_and_of_the_environment() -> None:
    both = ("environment.tables.root=s3a://b", "recommend_knn.k=7")
    jobs = graph(Path("conf/cluster.yaml"), "ingest_events", "recommend_knn", overrides=both)
    assert jobs["ingest_events"]["set"] == ["environment.tables.root=s3a://b"]
    assert jobs["recommend_knn"]["set"] == list(both)


@pytest.mark.parametrize("template", ["{{ ds }}", "${var.k}"])
def test_an_orchestrator_s_template_is_left_for_the_run(template: str) -> None:
    override = f"recommend_knn.k={template}"
    jobs = graph(Path("conf/cluster.yaml"), "recommend_knn", overrides=(override,))
    assert jobs["recommend_knn"]["set"] == [override]


@pytest.mark.parametrize(
    ("names", "overrides", "said"),
    [
        (["rank_features"], [], "label"),
        (["no_such_job"], [], "no_such_job"),
        ([], ["recommend_knn.k=-1"], "k: Input should be"),
        ([], ["recommend_nn.k={{ k }}"], "a key of environment, or of one of the jobs"),
    ],
)
def test_what_would_end_with_exit_code_2_is_refused(
    names: list[str], overrides: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        write_graph(Path("conf/local.yaml"), names, overrides, form=GraphFormat.JSON)


def test_a_configuration_without_jobs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="a section for each job"):
        graph(config(tmp_path, monkeypatch, ""))


def test_a_path_that_is_right_on_one_machine_only_is_refused() -> None:
    with pytest.raises(ConfigError, match="from the project's folder on"):
        graph(PROJECT / "conf" / "cluster.yaml")
