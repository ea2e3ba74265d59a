"""By a package brought along and in the image jobs give what they give on one machine.

Both are made by ``scripts/build``, so these tests are not to run side by side.
"""

import shlex
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest
from absent import absent
from cluster import PROJECT, SPARK_CONF, finish, running_cluster, spark_submit
from pyspark.sql import SparkSession
from quick_java import QUICK_COMPILER
from workplace import EVERYWHERE, Workplace

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def local(spark: SparkSession, place: Workplace) -> Workplace:  # noqa: ARG001  # submit finds it
    """The jobs have run in this process, below ``local``."""
    place.run_here("local", EVERYWHERE)
    return place


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
        options += ("--py-files", str(package))
        brought = local.config("brought")
        jobs = (*EVERYWHERE, "build_report")
        finish(spark_submit(jobs, brought, *options, python=bare_python))
        by_its_own_file = ("recommend_knn", brought, *options)
        finish(spark_submit(*by_its_own_file, python=bare_python, arguments=["--dry-run"]))
    assert local.has_page("brought")
    found = local.contents(spark, "brought", EVERYWHERE)
    assert found == local.contents(spark, "local", EVERYWHERE)


@pytest.fixture(scope="module")
def container() -> list[str]:
    """What runs the image, once it is built."""
    script = PROJECT / "scripts" / "image"
    built = subprocess.run([script], check=False, capture_output=True, text=True)
    if built.returncode == 3:
        absent(built.stderr.splitlines()[-1])
    assert built.returncode == 0, built.stderr[-2000:]
    command = shlex.split(built.stdout.splitlines()[-1])
    return [*command, "--env", f"JDK_JAVA_OPTIONS={QUICK_COMPILER}"]


def test_the_image_gives_what_one_machine_gives(
    spark: SparkSession, container: list[str], local: Workplace
) -> None:
    volume = ["--volume", f"{local.folder}:{local.folder}"]
    command = ["run", *EVERYWHERE, "--config", str(local.config("image")), "--run-id", "r1"]
    subprocess.run([*container, *volume, "cxspark", *command], check=True)
    found = local.contents(spark, "image", EVERYWHERE)
    assert found == local.contents(spark, "local", EVERYWHERE)


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
