import json
import logging

import pytest

from cxspark.runtime.logs import logging_of, show_progress
from cxspark.runtime.run import Run

log = logging.getLogger("cxspark")


def test_json_logs_have_the_run_and_the_job_that_are_at_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_progress("json")
    with logging_of(Run("recommend_knn", "r7")):
        log.info("%s of %s", 1, 2, extra={"data": {"tasks": 2}})
    said = json.loads(capsys.readouterr().err)
    assert said["at"].endswith("+00:00")
    del said["at"]
    assert said == {
        "level": "info",
        "message": "1 of 2",
        "run_id": "r7",
        "job": "recommend_knn",
        "tasks": 2,
    }


def test_a_line_of_json_is_one_line_whatever_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    show_progress("json")
    log.error("first\nsecond")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "first\nsecond"


def test_between_jobs_lines_are_of_none(capsys: pytest.CaptureFixture[str]) -> None:
    show_progress("json")
    with logging_of(Run("recommend_knn", "r7")):
        pass
    log.info("over")
    assert json.loads(capsys.readouterr().err)["run_id"] is None


def test_called_again_it_doesnt_say_everything_twice(capsys: pytest.CaptureFixture[str]) -> None:
    show_progress()
    show_progress()
    log.info("once")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" once")
