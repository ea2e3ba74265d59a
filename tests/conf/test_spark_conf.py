"""The files for spark-submit beside what a session of the suite has by itself."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cxspark.runtime.session import delta_jars

FOLDER = Path(__file__).resolve().parents[2] / "conf" / "spark"


@pytest.fixture(params=["local.conf", "cluster.conf"])
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    lines = (FOLDER / request.param).read_text().splitlines()
    return dict(line.split(None, 1) for line in lines if line and not line.startswith("#"))


def test_they_bring_the_same_delta(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXSPARK_JARS", raising=False)
    assert delta_jars().items() <= settings.items()


def test_sql_means_the_same(settings: dict[str, str], spark: SparkSession) -> None:
    meant = {name: value for name, value in settings.items() if name.startswith("spark.sql.")}
    of_a_machine = {"spark.sql.shuffle.partitions"}
    assert {name: spark.conf.get(name) for name in meant.keys() - of_a_machine} == {
        name: value for name, value in meant.items() if name not in of_a_machine
    }
