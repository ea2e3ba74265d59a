from datetime import UTC, datetime
from pathlib import Path

from aging import age
from pyspark.sql import SparkSession

from cxspark.contracts.segments import SEGMENTS
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.segment_history import measure_moves

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def test_what_a_source_s_newest_run_wrote_is_found_however_long_ago(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables = Tables(spark, Location(root=str(tmp_path)), Run("segment_customers", "r1"))
    for source in ("monthly", "daily"):
        row = (source, "u1", "small", 1, "write", "the rest", MARCH)
        one = spark.createDataFrame([row], SEGMENTS.schema)
        facts = {"source": source, "as_of": MARCH.isoformat()}
        tables.overwrite(SEGMENTS, one, where=f"source = '{source}'", facts=facts)
        age(spark, tmp_path / "gold" / "segments", hours=200)
    moves = measure_moves(tables, one, source="monthly", as_of=APRIL)
    assert moves is not None
    assert moves.from_as_of == MARCH
    assert [(row.from_segment, row.n_users) for row in moves.rows.collect()] == [("small", 1)]


def test_where_the_run_before_can_no_longer_be_read_there_are_no_moves_and_a_warning(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables = Tables(spark, Location(root=str(tmp_path)), Run("segment_customers", "r1"))
    one = spark.createDataFrame(
        [("daily", "u1", "small", 1, "write", "the rest", MARCH)], SEGMENTS.schema
    )
    for as_of in (MARCH, APRIL):
        facts = {"source": "daily", "as_of": as_of.isoformat()}
        tables.overwrite(SEGMENTS, one, where="source = 'daily'", facts=facts)
    age(spark, tmp_path / "gold" / "segments", hours=200)
    assert measure_moves(tables, one, source="daily", as_of=APRIL) is None
    assert "the table keeps it no longer" in tables.run.warnings[0]
