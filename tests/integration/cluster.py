"""A standalone cluster of the installed pyspark: a master and two workers on loopback."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pyspark
from quick_java import QUICK_EXECUTOR, QUICK_JAVA

PROJECT = Path(__file__).resolve().parents[2]
SPARK_CONF = PROJECT / "conf" / "spark"
_HOME = Path(pyspark.__file__).parent
_DEADLINE = 120
# The machine is small, and so are the tables.
SMALL = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "1g",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.ui.enabled": "false",
    "spark.driver.extraJavaOptions": QUICK_JAVA,
    "spark.executor.extraJavaOptions": QUICK_EXECUTOR,
}
_DAEMON = "org.apache.spark.deploy"
_EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"


class Cluster:
    """A running cluster.

    Attributes:
        url: of the master, for ``--master``.
        folder: where the processes work and log.
    """

    def __init__(self, folder: Path, properties: Path) -> None:
        self.folder = folder
        self._properties = properties
        port, self._ui = free_port(), free_port()
        self.url = f"spark://127.0.0.1:{port}"
        self._processes = [
            self._start("master.Master", "--port", f"{port}", "--webui-port", f"{self._ui}")
        ]
        for name in ("worker-1", "worker-2"):
            work = ("-c", "1", "-m", "1g", "--work-dir", str(folder / name))
            self._processes.append(
                self._start("worker.Worker", *work, "--webui-port", "0", self.url)
            )
        wait_until(lambda: self._alive() == 2, "two workers")

    def _start(self, daemon: str, *arguments: str) -> subprocess.Popen[bytes]:
        name = f"{_DAEMON}.{daemon}"
        options = ("--host", "127.0.0.1", "--properties-file", str(self._properties))
        with (self.folder / "daemons.log").open("ab") as log:
            return subprocess.Popen(
                [str(_HOME / "bin" / "spark-class"), name, *options, *arguments],
                env=environment() | {"SPARK_DAEMON_MEMORY": "256m"},
                stdout=log,
                stderr=log,
            )

    def _alive(self) -> int:
        try:
            return int(self._state()["aliveworkers"])
        except (OSError, ValueError):  # not there yet, or with another page in its place
            return 0

    def _state(self) -> dict[str, Any]:
        with urlopen(f"http://127.0.0.1:{self._ui}/json/") as page:
            state: dict[str, Any] = json.load(page)
        return state

    def applications(self) -> set[str]:
        """Those that it has let in so far."""
        state = self._state()
        return {one["id"] for key in ("activeapps", "completedapps") for one in state[key]}

    def executors(self) -> list[psutil.Process]:
        """The executors that run now: JVMs below this cluster's folder."""
        return [one for one in psutil.process_iter(["cmdline"]) if self._is_executor(one)]

    def kill_at_work(self) -> psutil.Process:
        """Kill an executor in the midst of a task, and give it.

        It is stopped while its log is looked at, so that the task can't end before it does. What
        Spark counts is no proof: failed tasks of an executor that is gone are left out at times.
        """
        end = time.monotonic() + _DEADLINE
        while time.monotonic() < end:
            for one in self.executors():
                one.suspend()
                time.sleep(0.3)  # till the worker has written what the executor said
                if _is_at_work(one):
                    one.kill()
                    return one
                one.resume()
        raise AssertionError(f"no executor at work within {_DEADLINE} s")

    def said(self) -> str:
        """What the master and the workers have logged."""
        return (self.folder / "daemons.log").read_text()

    def _is_executor(self, process: psutil.Process) -> bool:
        try:
            is_one = _EXECUTOR in (process.info["cmdline"] or [])
            return is_one and Path(process.cwd()).is_relative_to(self.folder)
        except psutil.Error:
            return False

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(timeout=_DEADLINE)


def _is_at_work(executor: psutil.Process) -> bool:
    """Whether it has begun a task that it hasn't ended, by its log."""
    log = (Path(executor.cwd()) / "stderr").read_text()
    return log.count("Executor: Running task") > log.count("Executor: Finished task")


def write_hardened(path: Path) -> Path:
    """Write the properties of a hardened cluster and its jobs, with a secret made for them."""
    parts = [(SPARK_CONF / name).read_text() for name in ("cluster.conf", "hardened.conf")]
    path.touch(mode=0o600)
    path.write_text("\n".join([*parts, f"spark.authenticate.secret {secrets.token_hex(32)}\n"]))
    return path


@contextmanager
def running_cluster(folder: Path, properties: Path) -> Iterator[Cluster]:
    """A cluster for the time of the block.

    Args:
        folder: for its logs and its workers' files.
        properties: Spark settings of the master and the workers.
    """
    folder.mkdir()
    cluster = Cluster(folder, properties)
    try:
        yield cluster
    finally:
        cluster.stop()


def spark_submit(
    job: str | tuple[str, ...],
    config: Path,
    *options: str,
    python: str = sys.executable,
    arguments: Sequence[str] = (),
    folder: Path = PROJECT,
) -> subprocess.Popen[str]:
    """Start a job as its users do, with ``spark-submit jobs/JOB.py``.

    Args:
        job: its name; those of several, which run in one application.
        config: its configuration.
        options: of spark-submit: master, properties, packages.
        python: of the driver and the executors.
        arguments: further ones of the job.
        folder: where it is started.
    """
    settings = [text for key, value in SMALL.items() for text in ("--conf", f"{key}={value}")]
    if isinstance(job, str):
        file = PROJECT / "jobs" / f"{job}.py"
    else:
        file, arguments = Path(__file__).with_name("several_jobs.py"), [*arguments, ",".join(job)]
    main = [str(file), "--config", str(config), "--run-id", "r1", *arguments]
    return subprocess.Popen(
        [str(_HOME / "bin" / "spark-submit"), *options, *settings, *main],
        env=environment() | {"PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # as spark-submit joins those of the job's own process
        text=True,
        cwd=folder,
    )


def finish(process: subprocess.Popen[str], *, exit_code: int = 0) -> dict[str, Any]:
    """Wait for a job; the JSON line that it ends with."""
    out, _ = process.communicate(timeout=10 * _DEADLINE)
    assert process.returncode == exit_code, out
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def environment() -> dict[str, str]:
    """This process's variables, for Spark on loopback."""
    own = {"SPARK_HOME": str(_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | own


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def wait_until(is_there: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _DEADLINE
    while not is_there():
        assert time.monotonic() < end, f"no {what} within {_DEADLINE} s"
        time.sleep(0.1)
