"""A hardened cluster takes jobs from those alone who have its secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cluster import PROJECT, SPARK_CONF, Cluster, running_cluster, spark_submit, write_hardened

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("hardened")
    with running_cluster(folder / "cluster", write_hardened(folder / "its.conf")) as cluster:
        yield cluster


def test_without_the_clusters_secret_no_job_gets_in(cluster: Cluster, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"environment": {"tables": {"root": f"{tmp_path}/tables"}}}))
    secretless, another = SPARK_CONF / "cluster.conf", write_hardened(tmp_path / "another.conf")
    jars = ("spark.jars.packages=", f"spark.driver.extraClassPath={PROJECT}/.jars/*")
    options = ["--master", cluster.url, *(text for one in jars for text in ("--conf", one))]
    refused = [
        spark_submit("build_user_item", config, *options, "--properties-file", str(properties))
        for properties in (secretless, another)
    ]
    for process in refused:
        out, _ = process.communicate(timeout=600)
        assert process.returncode == 1, out
        assert "All masters are unresponsive" in out
    assert cluster.applications() == set()


def test_no_server_takes_jobs_without_the_secret(cluster: Cluster, tmp_path: Path) -> None:
    started = "Started REST server for submitting applications"
    with running_cluster(tmp_path / "open", SPARK_CONF / "cluster.conf") as open_cluster:
        assert started in open_cluster.said()
    assert started not in cluster.said()
