import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX
from cxspark.contracts.settings import Settings
from cxspark.runtime.estimate import Need, Needs, Rows
from cxspark.runtime.memory import memory_limits
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.step import Step
from cxspark.runtime.submit import run_command
from cxspark.runtime.tables import Tables


class JobSettings(Settings):
    n: int = 2


def first(spark: SparkSession, settings: JobSettings, tables: Tables) -> None:
    rows = [(f"u{n}", n) for n in range(settings.n)]
    tables.overwrite(USER_INDEX, spark.createDataFrame(rows, USER_INDEX.schema))


def second(spark: SparkSession, settings: JobSettings, tables: Tables) -> None:  # noqa: ARG001
    tables.overwrite(ITEM_INDEX, spark.createDataFrame([("i", 0)], ITEM_INDEX.schema))


def few(settings: JobSettings, sizes: Sizes) -> Rows:  # noqa: ARG001
    return {USER_INDEX.name: settings.n}


def a_gigabyte_each(settings: JobSettings, sizes: Sizes) -> Needs:  # noqa: ARG001
    n = sizes.rows(USER_INDEX)
    return (Need("heap", 1000.0 * n, f"{n} users", "have fewer"),)


FIRST = Step("first", "makes users", JobSettings, (), (USER_INDEX,), first, rows=few)
SECOND = Step(
    "second",
    "reads them",
    JobSettings,
    (USER_INDEX,),
    (ITEM_INDEX,),
    second,
    needs=a_gigabyte_each,
)

pytestmark = pytest.mark.skipif(is_remote(), reason="of Java's heap nothing is known")


@pytest.fixture
def refused(spark: SparkSession) -> str:
    return (
        "second: expected at least 2,000 MiB for Java's heap on the driver: 2 users; "
        f"found {memory_limits(spark)['heap'].each():,.0f} MiB; to do: have fewer; "
        "or run it all the same (environment.memory_check: warn)"
    )


def start(folder: Path, steps: list[Step[JobSettings]], *arguments: str) -> int:
    config = folder / "local.yaml"
    config.write_text(f"environment: {{tables: {{root: {folder}/tables}}}}")
    return run_command(
        steps, ["--config", str(config), *arguments], known=["environment", "first", "second"]
    )


def test_a_job_that_needs_more_than_there_is_doesnt_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    start(tmp_path, [FIRST])
    assert start(tmp_path, [SECOND]) == 2
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["error"] == refused
    assert not (tmp_path / "tables/gold/item_index").exists()


def test_it_starts_where_the_configuration_asks_for_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    start(tmp_path, [FIRST])
    assert start(tmp_path, [SECOND], "--set", "environment.memory_check=warn") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["warnings"] == [refused]
    assert start(tmp_path, [SECOND], "--set", "environment.memory_check=ignore") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["warnings"] == []


def test_a_dry_run_refuses_what_the_run_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    start(tmp_path, [FIRST])
    assert start(tmp_path, [SECOND], "--dry-run") == 2
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["error"] == refused


def test_a_dry_run_only_warns_of_rows_that_an_earlier_job_may_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    assert start(tmp_path, [FIRST, SECOND], "--dry-run") == 0
    of_first, of_second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert of_first["estimate"]["rows"] == {"gold.user_index": 2}
    assert of_second["warnings"] == [refused]
    assert not (tmp_path / "tables").exists()
