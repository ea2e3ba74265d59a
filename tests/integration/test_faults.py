"""What goes wrong around a job: it says so, loses nothing, and the next run completes it."""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from absent import absent
from pyspark.sql import SparkSession
from small_shop import World, write_day

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.preferences import USER_ITEM
from cxspark.steps.graph import STEPS

pytestmark = pytest.mark.integration

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


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A day is taken in."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "raw").mkdir()
    write_day(folder / "raw", 1)
    world = World(spark, folder / "tables", folder / "raw")
    world.run(INGEST)
    return world


@pytest.mark.parametrize("built", [(), (MATRIX,)], ids=["nothing built", "an increment"])
def test_a_column_that_went_missing_upstream_is_named(
    spark: SparkSession, shop: World, built: tuple[str, ...], tmp_path: Path
) -> None:
    world = shop.copy(tmp_path / "tables")
    world.run(*built)
    events = spark.read.format("delta").load(str(world.folder(SILVER_EVENTS)))
    renamed = events.withColumnRenamed("item_id", "product_id")
    writer = renamed.write.format("delta").mode("overwrite").option("overwriteSchema", True)
    writer.save(str(world.folder(SILVER_EVENTS)))
    (failed,) = world.submit(MATRIX)
    assert failed.exit_code == 3
    assert "silver.events" in str(failed.error)
    assert "item_id" in str(failed.error)
    assert world.folder(USER_ITEM).exists() == bool(built)
