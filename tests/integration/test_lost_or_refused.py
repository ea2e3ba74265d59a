"""Where executors are lost, or nothing is kept, jobs give what they give on one machine."""

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
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
from pyspark.sql import functions as F
from serverless import serverless_compute
from workplace import HEAVY, INTAKE, Workplace

from cxspark.contracts.operations import JOB_RUNS
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_INDEX

pytestmark = pytest.mark.integration

WAY = "hardened-cluster"


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


@pytest.fixture(scope="module")
def lost_at(local: Workplace, cluster: Cluster, baked: tuple[str, ...]) -> dict[str, datetime]:
    """The jobs have run in one application, and in the midst of each heavy one an executor died."""
    process = spark_submit((*INTAKE, *HEAVY), local.config(WAY), *baked)
    assert process.stdout
    lost_at, instants = {}, random.Random(20261130)
    for job in HEAVY:
        assert any(f"{job}: started" in line for line in iter(process.stdout.readline, "")), job
        time.sleep(local.seconds[job] * instants.uniform(0.1, 0.4))
        lost = cluster.kill_at_work()
        lost_at[job] = datetime.now()
        wait_until(lambda lost=lost: len({*cluster.executors()} - {lost}) == 2, "another executor")
    finish(process)
    return lost_at


@pytest.mark.parametrize("job", HEAVY)
def test_an_executor_lost_on_a_hardened_cluster_changes_nothing(
    spark: SparkSession, job: str, local: Workplace, lost_at: dict[str, datetime]
) -> None:
    (ran,) = local.reader(spark, WAY).read(JOB_RUNS).where(F.col("job") == job).collect()
    assert ran["started_at"] < lost_at[job] < ran["started_at"] + timedelta(seconds=ran["seconds"])
    clean = "local"
    if job == "cluster_customers":  # customers lie in other files here, and means differ by that
        clean = "clean"
        shutil.copytree(local.folder / WAY / "silver", local.folder / clean / "silver")
        local.run_here(clean, (job,))
    assert local.contents(spark, WAY, (job,)) == local.contents(spark, clean, (job,))


@pytest.mark.usefixtures("lost_at")
def test_a_hardened_cluster_takes_in_raw_files(spark: SparkSession, local: Workplace) -> None:
    assert local.contents(spark, WAY, INTAKE) == local.contents(spark, "local", INTAKE)


@pytest.mark.usefixtures("lost_at")
def test_a_hardened_cluster_recommends_by_the_model_of_another_process(
    spark: SparkSession, local: Workplace, baked: tuple[str, ...]
) -> None:
    finish(spark_submit(("recommend_als", "build_report"), local.config(WAY), *baked))
    assert local.has_page(WAY)
    tables = local.reader(spark, WAY)
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
