"""A job by spark-submit on one machine, with conf/spark/local.conf."""

from pathlib import Path

import pytest
import yaml
from cluster import PROJECT, finish, spark_submit
from pyspark.sql import SparkSession
from small_shop import World, write_day

from cxspark.contracts.events import SILVER_EVENTS

pytestmark = pytest.mark.integration

PROPERTIES = PROJECT / "conf" / "spark" / "local.conf"


def test_a_job_submitted_with_the_local_properties_leaves_what_it_leaves_here(
    spark: SparkSession, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    write_day(raw, 1)
    here, submitted = (World(spark, tmp_path / name, raw) for name in ("here", "submitted"))
    here.run("ingest_events")
    # All of Spark's settings are of the properties' file.
    environment = {"tables": {"root": str(submitted.root)}}
    config = tmp_path / "submitted.yaml"
    config.write_text(yaml.safe_dump({**submitted.sections, "environment": environment}))
    by_properties = ("ingest_events", config, "--properties-file", str(PROPERTIES))
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    finish(spark_submit(*by_properties, arguments=["--dry-run"], folder=nothing))
    assert [*nothing.iterdir()] == []
    assert not submitted.root.exists()
    finish(spark_submit(*by_properties))
    assert submitted.content(SILVER_EVENTS) == here.content(SILVER_EVENTS) != []
