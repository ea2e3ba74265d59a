"""Killed at random instants, again and again, jobs lose nothing and take in nothing twice.

CXSPARK_SOAK_RUNS says how often, CXSPARK_SOAK_SEED when; ``scripts/soak`` sets them.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from small_shop import JOBS, World, write_day

from cxspark.contracts.events import LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.contracts.preferences import RECOMMENDATIONS, USER_ITEM

pytestmark = pytest.mark.integration

N_RUNS = int(os.environ.get("CXSPARK_SOAK_RUNS", "5"))
SEED = int(os.environ.get("CXSPARK_SOAK_SEED", "20261125"))
CXSPARK = Path(sys.executable).with_name("cxspark")


def start(world: World) -> subprocess.Popen[bytes]:
    """All jobs in a process, the leader of a group of its own."""
    command = [CXSPARK, "run", *JOBS, "--config", world.config(), "--run-id", "killed"]
    with world.root.with_suffix(".log").open("w") as log:
        return subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log)


def test_runs_killed_at_random_instants_lose_nothing(spark: SparkSession, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    world = World(spark, tmp_path / "tables", raw)
    write_day(raw, 1)
    began = time.monotonic()
    assert start(world).wait() == 0
    longest, instants = time.monotonic() - began, random.Random(SEED)
    n_killed = 0
    for day in range(2, N_RUNS + 2):
        write_day(raw, day)
        process = start(world)
        try:
            process.wait(instants.uniform(0.2, 1) * longest)  # before, Spark itself starts
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            n_killed += process.wait() == -signal.SIGKILL
    assert n_killed > N_RUNS / 2
    world.run(*JOBS)
    clean = World(spark, tmp_path / "clean", raw)
    clean.run(*JOBS)
    for table in (SILVER_EVENTS, QUARANTINE, LOADS, USER_ITEM, RECOMMENDATIONS):
        assert world.content(table) == clean.content(table)
