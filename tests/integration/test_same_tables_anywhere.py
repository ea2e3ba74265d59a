"""On a cluster and in a container jobs give what they give on one machine, whatever is lost."""

import random
import shlex
import shutil
import subprocess
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml
from absent import absent
from cluster import (
    PROJECT,
    SPARK_CONF,
    Cluster,
    environment,
    finish,
    running_cluster,
    spark_submit,
    wait_until,
    write_hardened,
)
from main_job import fingerprint
from pyspark.sql import SparkSession
from serverless import serverless_compute

from cxspark.contracts.clusters import CLUSTERS
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_INDEX
from cxspark.runtime.config import load_config
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS
from cxspark.synthetic.settings import SyntheticSettings
from cxspark.synthetic.world import write_world

pytestmark = pytest.mark.integration

INTAKE = ("ingest_events", "ingest_customers")
HEAVY = ("build_user_item", "recommend_knn", "train_als", "cluster_customers")
BROUGHT = ("ingest_events", "build_user_item", "recommend_knn")


@dataclass
class Workplace:
    """Raw files, and the tables that jobs make of them, each way below a root of its own."""

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def config(self, way: str) -> Path:
        path = self.folder / f"{way}.yaml"
        sections = {
            "environment": {"tables": {"root": str(self.folder / way)}},
            "ingest_events": {
                "source": str(self.folder / "source.yaml"),
                "input": [str(self.folder / "raw")],
            },
            "train_als": {"rank": 8, "iterations": 6},
            "ingest_customers": {
                "source": {"name": "bank", "user_id": "id"},
                "input": [str(self.folder / "customers.csv")],
            },
            "cluster_customers": {"k_from": 2, "k_to": 4},
        }
        path.write_text(yaml.safe_dump(sections))
        return path

    def contents(self, spark: SparkSession, way: str, jobs: tuple[str, ...]) -> object:
        """Of each table that the jobs write, the number of rows and a hash of its content."""
        reader = self.reader(spark, way)
        written = [table for job in jobs for table in STEPS[job].writes]
        return {table.name: fingerprint(reader.read(table)) for table in written}

    def clusters(self, spark: SparkSession, way: str) -> tuple[int, int]:
        """Who is in which cluster: how many rows, and their hash."""
        found = self.reader(spark, way).read(CLUSTERS)
        return fingerprint(found.select("user_id", "cluster"))

    def has_page(self, way: str) -> bool:
        """Whether there is a whole report."""
        page = self.folder / way / "report" / "index.html"
        return page.read_text(encoding="utf-8").endswith("</html>")

    def reader(self, spark: SparkSession, way: str) -> Tables:
        return Tables(spark, Location(root=str(self.folder / way)), Run("test", "test"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    folder = tmp_path_factory.mktemp("anywhere")
    folder.chmod(0o777)  # the container's user isn't this one
    shutil.copy(PROJECT / "cxspark" / "synthetic" / "source.yaml", folder)
    write_world(folder / "raw", SyntheticSettings(n_users=300, n_items=120, n_events=9_000, days=7))
    rng = np.random.default_rng(11)
    points = rng.normal(size=(900, 4)) + 6 * rng.integers(3, size=(900, 1))
    lines = [f"c{i}," + ",".join(f"{x:.4f}" for x in row) for i, row in enumerate(points)]
    (folder / "customers.csv").write_text("\n".join(["id,a,b,c,d", *lines]) + "\n")
    return Workplace(folder)


@pytest.fixture(scope="module")
def local(spark: SparkSession, place: Workplace) -> Workplace:  # noqa: ARG001  # submit finds it
    """Everything has run in this process, below ``local``."""
    config = load_config(place.config("local"), [], known=STEPS)
    outcomes = submit([STEPS[job] for job in (*INTAKE, *HEAVY)], config, run_id="r1")
    assert {one.error for one in outcomes} == {None}
    place.seconds.update({one.run.job: one.seconds for one in outcomes})
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
    for job in INTAKE:
        finish(spark_submit(job, local.config(way), *baked))
    found = local.contents(spark, way, INTAKE)
    assert found == local.contents(spark, "local", INTAKE)
    for job in HEAVY:
        for table in STEPS[job].writes:
            name = table.name.replace(".", "/")
            shutil.copytree(local.folder / "local" / name, local.folder / way / name)
    for job in ("recommend_als", "build_report"):  # the model is of another process
        finish(spark_submit(job, local.config(way), *baked))
    assert local.has_page(way)
    tables = local.reader(spark, way)
    shown = tables.read(RECOMMENDATIONS).where("algorithm = 'als'")
    assert shown.select("user_id").distinct().count() == tables.read(USER_INDEX).count()


@pytest.fixture(scope="module")
def bare_python(place: Workplace) -> str:
    """A Python that has what the suite needs, but not the suite itself."""
    venv.create(place.folder / "bare", with_pip=False)
    packages = Path(np.__file__).parents[1]
    (site,) = (place.folder / "bare" / "lib").glob("python3*/site-packages")
    (site / "needed.pth").write_text(f"{packages}\n")  # whose own .pth files aren't read
    python = str(place.folder / "bare" / "bin" / "python")
    found = subprocess.run(
        [python, "-P", "-c", "import pyspark, cxspark"], check=False, capture_output=True, text=True
    )
    assert "No module named 'cxspark'" in found.stderr
    return python


def test_a_package_brought_along_gives_what_the_installed_one_gives(
    spark: SparkSession, local: Workplace, bare_python: str
) -> None:
    subprocess.run([PROJECT / "scripts" / "build"], check=True, capture_output=True)
    (package,) = (PROJECT / "dist").glob("cxspark-*.zip")
    properties = SPARK_CONF / "cluster.conf"
    with running_cluster(local.folder / "plain", properties) as cluster:
        options = ("--master", cluster.url, "--properties-file", str(properties))
        for job in (*BROUGHT, "build_report"):
            config = local.config("brought")
            finish(
                spark_submit(job, config, *options, "--py-files", str(package), python=bare_python)
            )
    assert local.has_page("brought")
    found = local.contents(spark, "brought", BROUGHT)
    assert found == local.contents(spark, "local", BROUGHT)


@pytest.fixture(scope="module")
def container() -> list[str]:
    """What runs the image, once it is built."""
    script = PROJECT / "scripts" / "image"
    built = subprocess.run([script], check=False, capture_output=True, text=True)
    if built.returncode == 3:
        absent(built.stderr.splitlines()[-1])
    assert built.returncode == 0, built.stderr[-2000:]
    return shlex.split(built.stdout.splitlines()[-1])


def test_the_image_gives_what_one_machine_gives(
    spark: SparkSession, container: list[str], local: Workplace
) -> None:
    volume = ["--volume", f"{local.folder}:{local.folder}"]
    command = ["run", *BROUGHT, "--config", str(local.config("image")), "--run-id", "r1"]
    subprocess.run([*container, *volume, "cxspark", *command], check=True)
    found = local.contents(spark, "image", BROUGHT)
    assert found == local.contents(spark, "local", BROUGHT)


def test_the_image_s_demo_leaves_its_page_in_the_mounted_folder(
    container: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    folder.chmod(0o777)  # the container's user isn't this one
    subprocess.run([*container, "--volume", f"{folder}:/data", "cxspark", "demo"], check=True)
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert page.endswith("</html>")


def test_the_image_s_user_isnt_root(container: list[str]) -> None:
    command = [*container, "--entrypoint", "id", "cxspark", "-u"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.splitlines()[-1] == "185"


NATIVE_BLAS = """
from cxspark.runtime.session import open_session
jvm = open_session({})._jvm
print(jvm.dev.ludovic.netlib.blas.NativeBLAS.getInstance().getClass().getSimpleName())
with open(f"/proc/{jvm.java.lang.ProcessHandle.current().pid()}/maps") as maps:
    print("libopenblas" in maps.read())
"""


def test_in_the_image_mllib_has_a_native_blas(container: list[str]) -> None:
    command = [*container, "--entrypoint", "python", "cxspark", "-c", NATIVE_BLAS]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.splitlines()[-2:] == ["JNIBLAS", "True"]


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
