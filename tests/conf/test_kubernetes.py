"""The example of the Spark operator, as the operator's own models of it read it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kubeflow_spark_api.models import SparkV1beta2SparkApplication

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def manifest() -> dict[str, Any]:
    path = PROJECT / "conf" / "kubernetes" / "recommend-knn.yaml"
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def known(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the operator would see of it: a cluster drops fields that it doesn't know."""
    application = SparkV1beta2SparkApplication.from_dict(manifest)
    assert application is not None
    return application.to_dict()


def test_the_operator_knows_every_field(manifest: dict[str, Any]) -> None:
    assert known(manifest) == manifest


def test_a_field_that_there_is_not_is_found(manifest: dict[str, Any]) -> None:
    manifest["spec"]["executor"]["cpu"] = 4
    assert known(manifest) != manifest


def test_a_value_of_another_type_is_refused(manifest: dict[str, Any]) -> None:
    manifest["spec"]["executor"]["instances"] = "two"
    with pytest.raises(ValueError, match="instances"):
        known(manifest)


def test_it_has_the_sql_settings_of_every_cluster(manifest: dict[str, Any]) -> None:
    lines = (PROJECT / "conf" / "spark" / "cluster.conf").read_text().splitlines()
    settings = dict(line.split() for line in lines if line.startswith("spark.sql."))
    assert settings.items() <= manifest["spec"]["sparkConf"].items()
