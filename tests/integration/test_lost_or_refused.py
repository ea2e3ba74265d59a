"""Where executors are lost, or nothing is kept, jobs give what they give on one machine."""

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import (
    PROJECT,
    Cluster,
    environment,
    finish,
    running_cluster,
    spark_submit,
    wait_until,
    write_hardened,
)
from pyspark.sql import SparkSession
from serverless import serverless_compute
from workplace import HEAVY, INTAKE, Workplace

from cxspark.contracts.preferences import RECOMMENDATIONS, USER_INDEX
from cxspark.steps.graph import STEPS

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def local(spark: SparkSession, place: Workplace) -> Workplace:  # noqa: ARG001  # submit finds it
    """The jobs have run in this process, below ``local``."""
    place.run_here("local", (*INTAKE, *HEAVY))
    return place


@pytest.fixture(scope="module")
def hardened(place: Workplace) -> Path:
    """The properties of a cluster that asks for its secret, and jobs that know it."""
    return write_hardened(place.folder / "hardened.conf")


@pytest.fixture(scope="module")
def cluster(place: Workplace, hardened: Path) -> Iterator[Cluster]:
    with running_cluster(place.folder / "hardened", hardened) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def baked(cluster: Cluster, hardened: Path) -> tuple[str, ...]:
    """spark-submit's options for jars that lie on every node, on the hardened cluster."""
    jars = f"{PROJECT}/.jars/*"
    paths = [f"spark.{side}.extraClassPath={jars}" for side in ("driver", "executor")]
    return (
        *("--master", cluster.url, "--properties-file", str(hardened)),
        *("--conf", "spark.jars.packages=", "--conf", paths[0], "--conf", paths[1]),
    )


@pytest.mark.parametrize("job", HEAVY)
def test_an_executor_lost_on_a_hardened_cluster_changes_nothing(
    spark: SparkSession, job: str, local: Workplace, cluster: Cluster, baked: tuple[str, ...]
) -> None:
    way = f"lost-{job}"
    shutil.copytree(local.folder / "local", local.folder / way)
    for table in STEPS[job].writes:
        shutil.rmtree(local.folder / way / table.name.replace(".", "/"))
    process = spark_submit(job, local.config(way), *baked)
    assert process.stdout
    assert any(f"{job}: started" in line for line in iter(process.stdout.readline, ""))
    # Executors that have just started take longer than this process did, which has run for a while.
    time.sleep(local.seconds[job] * random.Random(job).uniform(0.2, 0.8))
    lost = cluster.kill_at_work()
    wait_until(lambda: len(set(cluster.executors()) - {lost}) == 2, "another executor")
    assert process.poll() is None
    finish(process)
    assert local.contents(spark, way, (job,)) == local.contents(spark, "local", (job,))


def test_a_hardened_cluster_takes_in_raw_files_and_makes_the_report(
    spark: SparkSession, local: Workplace, baked: tuple[str, ...]
) -> None:
    way = "hardened-cluster"
    for job in HEAVY:
        for table in STEPS[job].writes:
            name = table.name.replace(".", "/")
            shutil.copytree(local.folder / "local" / name, local.folder / way / name)
    jobs = (*INTAKE, "recommend_als", "build_report")  # the model is of another process
    finish(spark_submit(jobs, local.config(way), *baked))
    found = local.contents(spark, way, INTAKE)
    assert found == local.contents(spark, "local", INTAKE)
    assert local.has_page(way)
    tables = local.reader(spark, way)
    shown = tables.read(RECOMMENDATIONS).where("algorithm = 'als'")
    assert shown.select("user_id").distinct().count() == tables.read(USER_INDEX).count()


def test_compute_that_keeps_nothing_gives_what_one_machine_gives(
    spark: SparkSession, local: Workplace
) -> None:
    command = [
        "run",
        *INTAKE,
        *HEAVY,
        "--config",
        str(local.config("serverless")),
        "--run-id",
        "r1",
    ]
    with serverless_compute(local.folder / "refusing") as (remote, refusing):
        done = subprocess.run(
            [PROJECT / ".venv" / "bin" / "cxspark", *command],
            env=environment() | {"SPARK_REMOTE": remote},
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert set(refusing.refused) == {"CONFIG_NOT_AVAILABLE", "NOT_SUPPORTED_WITH_SERVERLESS"}
    exact = tuple(job for job in (*INTAKE, *HEAVY) if job != "cluster_customers")
    assert local.contents(spark, "serverless", exact) == local.contents(spark, "local", exact)
    # Customers lie in other files, so that means, and with them distances, differ in a last digit.
    assert local.clusters(spark, "serverless") == local.clusters(spark, "local")
