"""What goes wrong around a job: it says so, loses nothing, and the next run completes it."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from absent import absent
from cluster import wait_until
from pyspark.sql import SparkSession
from small_shop import World, write_day

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.contracts.table import Table
from cxspark.steps.graph import STEPS

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
ARMED = Path(__file__).with_name("armed_job.py")
INGEST, MATRIX = "ingest_events", "build_user_item"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    write_day(folder, 1)
    return folder


def contents(world: World, job: str) -> dict[str, list[str]]:
    return {table.name: world.content(table) for table in STEPS[job].writes}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        absent("only root may mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_named_and_loses_nothing(
    spark: SparkSession, raw: Path, small_disk: Path, tmp_path: Path
) -> None:
    world = World(spark, small_disk / "tables", raw)
    world.run(INGEST)
    before = world.content(SILVER_EVENTS)
    ids = random.Random(7)  # of which no two are alike: they take the room that they have
    lines = [f"2026-03-02 10:00:00,{ids.randbytes(20).hex()},i{i},view" for i in range(20_000)]
    (raw / "day-2.csv").write_text("\n".join(["time,user,item,action", *lines]) + "\n")
    clean = world.copy(tmp_path / "clean")
    clean.run(INGEST)
    (failed,) = world.submit(INGEST)
    assert failed.exit_code == 1
    assert "No space left on device" in str(failed.error)
    assert world.content(SILVER_EVENTS) == before
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    world.run(INGEST)
    assert contents(world, INGEST) == contents(clean, INGEST)


def with_a_day_to_come(
    spark: SparkSession, folder: Path, raw: Path, job: str
) -> tuple[World, World]:
    """Tables that the job is to add a second day to, and the same after a run of its own."""
    world = World(spark, folder / "tables", raw)
    world.run(INGEST, MATRIX)
    write_day(raw, 2)
    if job == MATRIX:
        world.run(INGEST)
    clean = world.copy(folder / "clean")
    clean.run(job)
    return world, clean


@pytest.mark.parametrize("job", [INGEST, MATRIX])
def test_of_two_runs_at_once_one_wins_and_the_tables_are_right(
    spark: SparkSession, job: str, raw: Path, tmp_path: Path
) -> None:
    world, clean = with_a_day_to_come(spark, tmp_path, raw, job)
    command = [sys.executable, f"jobs/{job}.py", "--config", str(world.config()), "--run-id"]
    runs = [
        subprocess.Popen([*command, name], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for name in ("one", "other")
    ]
    said = [json.loads(run.communicate(timeout=300)[0].splitlines()[-1]) for run in runs]
    assert "done" in {one["status"] for one in said}
    for run, one in zip(runs, said, strict=True):
        won = one["status"] == "done"
        assert run.returncode == (0 if won else 1)
        assert won or "no other run that writes it" in one["error"]
    assert contents(world, job) == contents(clean, job)


@pytest.mark.parametrize(
    ("job", "table"), [(INGEST, SILVER_EVENTS), (MATRIX, USER_ITEM)], ids=[INGEST, MATRIX]
)
def test_a_run_that_another_overtakes_says_so_and_the_tables_are_right(
    spark: SparkSession, job: str, table: Table, raw: Path, tmp_path: Path
) -> None:
    world, clean = with_a_day_to_come(spark, tmp_path, raw, job)
    config = world.config()
    sign = Path(f"{config}.waits")
    command = [sys.executable, str(ARMED), job, str(config), "wait", table.name]
    late = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        wait_until(sign.exists, f"write of {table.name}")
        world.run(job)
    finally:
        sign.unlink(missing_ok=True)
    said = json.loads(late.communicate(timeout=300)[0].splitlines()[-1])
    assert "no other run that writes it" in said["error"]
    assert late.returncode == 1
    assert contents(world, job) == contents(clean, job)


@pytest.mark.parametrize("built", [(), (MATRIX,)], ids=["nothing built", "an increment"])
def test_a_column_that_went_missing_upstream_is_named(
    spark: SparkSession, built: tuple[str, ...], raw: Path, tmp_path: Path
) -> None:
    world = World(spark, tmp_path / "tables", raw)
    world.run(INGEST, *built)
    events = spark.read.format("delta").load(str(world.folder(SILVER_EVENTS)))
    renamed = events.withColumnRenamed("item_id", "product_id")
    writer = renamed.write.format("delta").mode("overwrite").option("overwriteSchema", True)
    writer.save(str(world.folder(SILVER_EVENTS)))
    (failed,) = world.submit(MATRIX)
    assert failed.exit_code == 3
    assert "silver.events" in str(failed.error)
    assert "item_id" in str(failed.error)
    assert world.folder(USER_ITEM).exists() == bool(built)
