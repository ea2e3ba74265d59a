from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.preferences import USER_ITEM
from cxspark.factorization.settings import TrainAlsSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.als_cells import read_weights

DAY = datetime(2026, 1, 29, tzinfo=UTC)


def weights(spark: SparkSession, folder: Path, *, reference_at: datetime | None) -> list[float]:
    """Of two events, now and a half-life ago, in a matrix decayed to an instant."""
    tables = Tables(spark, Location(root=str(folder)), Run("als", "r1"))
    rows = []
    for user, at in (("a", DAY), ("b", DAY - timedelta(days=14))):
        half_lives = (at - reference_at) / timedelta(days=14) if reference_at else 0.0
        rows.append((user, "x", 3.0 * 2**half_lives, 1, at, at))
    facts = {
        "reference_at": reference_at and reference_at.isoformat(),
        "half_life_days": reference_at and 14.0,
    }
    tables.overwrite(USER_ITEM, spark.createDataFrame(rows, USER_ITEM.schema), facts=facts)
    found = read_weights(TrainAlsSettings(), Tables(spark, tables.location, Run("als", "r2")))
    return [row["weight"] for row in found.orderBy("user_id").collect()]


@pytest.mark.parametrize("half_lives", [0, 3, 8])
def test_als_learns_from_weights_as_of_now_whenever_the_matrix_epoch_began(
    spark: SparkSession, tmp_path: Path, half_lives: int
) -> None:
    reference_at = DAY - timedelta(days=14 * half_lives)
    assert weights(spark, tmp_path, reference_at=reference_at) == pytest.approx([3.0, 1.5])


def test_weights_that_dont_decay_stay_as_they_are(spark: SparkSession, tmp_path: Path) -> None:
    assert weights(spark, tmp_path, reference_at=None) == [3.0, 3.0]


def test_rows_deleted_by_hand_change_no_scale(spark: SparkSession, tmp_path: Path) -> None:
    weights(spark, tmp_path, reference_at=DAY - timedelta(days=14 * 3))
    tables = Tables(spark, Location(root=str(tmp_path)), Run("als", "r3"))
    spark.sql(f"DELETE FROM {tables.location.address(USER_ITEM)} WHERE user_id = 'b'")
    (row,) = read_weights(TrainAlsSettings(), tables).collect()
    assert row["weight"] == pytest.approx(3.0)


def test_a_matrix_that_tells_no_half_life_is_to_be_built_anew(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables = Tables(spark, Location(root=str(tmp_path)), Run("als", "r1"))
    rows = spark.createDataFrame([("a", "x", 3.0, 1, DAY, DAY)], USER_ITEM.schema)
    tables.overwrite(USER_ITEM, rows, facts={"reference_at": DAY.isoformat()})
    with pytest.raises(ContractError, match="run build_user_item with rebuild=true"):
        read_weights(TrainAlsSettings(), Tables(spark, tables.location, Run("als", "r2")))
