import tomllib
from pathlib import Path

from cxspark.steps.graph import STEPS

JOBS = Path(__file__).resolve().parents[1] / "jobs"


def test_there_is_a_file_for_every_job_and_no_other() -> None:
    assert {path.stem for path in JOBS.glob("*.py")} == set(STEPS)


def test_each_file_hands_over_to_its_job() -> None:
    for path in JOBS.glob("*.py"):
        assert f'main("{path.stem}")' in path.read_text()


def test_no_table_is_written_by_two_jobs_but_where_each_has_files_of_its_own() -> None:
    written = [table for step in STEPS.values() for table in step.writes]
    whole = [table.name for table in written if not table.partition_by]
    assert len(whole) == len(set(whole))


def test_the_wheel_leaves_spark_to_where_it_runs() -> None:
    project = tomllib.loads((JOBS.parent / "pyproject.toml").read_text())["project"]
    asked_for = " ".join(project["dependencies"])
    assert "pyspark" not in asked_for
    assert "delta-spark" not in asked_for
    assert "pyspark" in " ".join(project["optional-dependencies"]["spark"])
