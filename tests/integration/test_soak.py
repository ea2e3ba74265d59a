"""Killed at random instants, again and again, jobs lose nothing and take in nothing twice.

On a cluster of two workers: of each run either everything that it started on this side is killed,
or an executor, which it has to get over. CXSPARK_SOAK_RUNS says how often, CXSPARK_SOAK_SEED when,
CXSPARK_SOAK_JOBS of which jobs; ``scripts/soak`` sets them.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from cluster import PROJECT, Cluster, environment, running_cluster
from pyspark.sql import SparkSession
from quick_java import QUICK_EXECUTOR
from small_shop import World, write_day

from cxspark.contracts.preferences import ITEM_INDEX, USER_INDEX
from cxspark.steps.graph import STEPS

pytestmark = pytest.mark.integration

JOBS = os.environ.get("CXSPARK_SOAK_JOBS", "ingest_events build_user_item").split()
N_RUNS = int(os.environ.get("CXSPARK_SOAK_RUNS", "5"))
SEED = int(os.environ.get("CXSPARK_SOAK_SEED", "20261125"))
_DEADLINE = 900
CXSPARK = Path(sys.executable).with_name("cxspark")


class Soak:
    """Runs of all jobs on a cluster, and what became of them.

    Attributes:
        ended: how often a run was killed, got over the loss of an executor, or was done before.
    """

    def __init__(self, world: World, cluster: Cluster) -> None:
        self._config = world.config(
            {
                "spark.master": cluster.url,
                "spark.executor.memory": "1g",
                "spark.executor.cores": "1",
                "spark.executor.extraClassPath": f"{PROJECT}/.jars/*",
                "spark.executor.extraJavaOptions": QUICK_EXECUTOR,
            }
        )
        self._cluster = cluster
        self._log = world.root.with_suffix(".log")
        self.ended: Counter[str] = Counter()

    def start(self) -> subprocess.Popen[bytes]:
        """All jobs in a process, the leader of a group of its own."""
        command = [CXSPARK, "run", *JOBS, "--config", self._config, "--run-id", "killed"]
        with self._log.open("a") as log:
            return subprocess.Popen(
                command, start_new_session=True, stdout=log, stderr=log, env=environment()
            )

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for a run that has to end well, and some time."""
        try:
            exit_code: int | None = process.wait(_DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            exit_code = None
        assert exit_code == 0, self._log.read_text()[-5000:]

    def kill_after(self, seconds: float, *, driver: bool) -> None:
        """Start a run, and kill it or one of its executors."""
        process = self.start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            if driver:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                self.ended["driver killed"] += 1
                return
            if executors := self._cluster.executors():
                executors[0].kill()
                self.ended["executor killed"] += 1
        else:
            self.ended["done before"] += 1
        self.finish(process)


def test_runs_killed_at_random_instants_lose_nothing(spark: SparkSession, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    world, instants = World(spark, tmp_path / "tables", raw), random.Random(SEED)
    with running_cluster(tmp_path / "cluster", PROJECT / "conf/spark/cluster.conf") as cluster:
        soak = Soak(world, cluster)
        write_day(raw, 1)
        began = time.monotonic()
        soak.finish(soak.start())
        longest = time.monotonic() - began
        for day in range(2, N_RUNS + 2):
            write_day(raw, day)
            # Before that Spark itself starts. Drivers and executors by turns.
            soak.kill_after(instants.uniform(0.3, 1) * longest, driver=day % 2 == 0)
    print(f"seed {SEED}: {dict(soak.ended)}")  # noqa: T201 for scripts/soak, which shows it
    assert soak.ended["driver killed"] + soak.ended["executor killed"] > N_RUNS / 2
    world.run(*JOBS)
    clean = World(spark, tmp_path / "clean", raw)
    clean.run(*JOBS)
    assert_same(world, clean)


def assert_same(world: World, clean: World) -> None:
    """Tables hold what they would without kills; integers are dense, whoever got which."""
    for table in (one for job in JOBS for one in STEPS[job].writes):
        if table in (USER_INDEX, ITEM_INDEX):
            ids, integers = zip(*world.rows(table), strict=True)
            assert sorted(ids) == sorted(row[0] for row in clean.rows(table))
            assert sorted(integers) == list(range(len(ids)))
        else:
            assert world.content(table) == clean.content(table)
