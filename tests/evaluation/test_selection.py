"""What did best in windows of the past is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from pyspark.sql import DataFrame, SparkSession

from cxspark.evaluation.recommender import RANKED, Recommender, Training
from cxspark.evaluation.selection import Selection, Window

TENTHS = [("a", 0.3), ("a", 0.2), ("a", 0.1), ("b", 0.1), ("b", 0.2), ("b", 0.3)]
AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Catalogue:
    """Two items, and nothing else of a training."""

    items: DataFrame


@dataclass(frozen=True)
class Always(Recommender):
    """One item for the one user there is, a variant each; -1 for none."""

    columns: tuple[int, ...]
    half_life_days: ClassVar[None] = None  # type: ignore[assignment]
    algorithm: ClassVar[str] = "always"

    @property
    def variants(self) -> Sequence["Always"]:
        return [replace(self, columns=(one,)) for one in self.columns]

    def recommend(self, training: Training, *, n: int) -> DataFrame:  # noqa: ARG002
        shown = [(v, "u", 1, one, 1.0) for v, one in enumerate(self.columns) if one >= 0]
        return training.items.sparkSession.createDataFrame(shown, RANKED.schema)


def window(spark: SparkSession, taken: str, importance: float) -> Window:
    items = spark.createDataFrame([("a", 0), ("b", 1)], "item_id string, column_index int")
    held_out = spark.createDataFrame([("u", taken)], "user_id string, item_id string")
    training = cast(Any, Catalogue(items))
    return Window(AT, AT, training, held_out, importance, label=f"{taken} {importance}")


def test_a_window_counts_by_its_importance(spark: SparkSession) -> None:
    windows = [window(spark, "a", 1.0), window(spark, "b", 2.0)]
    selection = Selection([Always((0, 1))], k=1).fit(windows)
    assert selection.best_ == Always((1,))
    assert selection.value_ == 2 / 3
    assert len(selection.trials_) == 4


def test_of_equal_ones_the_first_is_chosen_and_who_shows_nothing_has_none(
    spark: SparkSession,
) -> None:
    windows = [window(spark, "a", 1.0), window(spark, "b", 1.0)]
    selection = Selection([Always((-1, 1)), Always((0,))], k=1).fit(windows)
    assert selection.best_ == Always((1,))
    assert [trial.value for trial in selection.trials_] == [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]


def test_what_differs_by_rounding_alone_is_equal(spark: SparkSession) -> None:
    # 0.1 + 0.2 + 0.3 isn't 0.3 + 0.2 + 0.1.
    windows = [window(spark, taken, weight) for taken, weight in TENTHS]
    assert Selection([Always((0, 1))], k=1).fit(windows).best_ == Always((0,))


def test_what_was_tried_isnt_tried_again(spark: SparkSession) -> None:
    windows = [window(spark, "b", 1.0)]
    selection = Selection([Always((0,)), Always((0,))], k=1).fit(windows)
    assert (selection.best_, selection.value_) == (Always((0,)), 0.0)
    selection.extend([Always((0,)), Always((1,))], windows)
    assert (selection.best_, selection.value_) == (Always((1,)), 1.0)
    assert len(selection.trials_) == 2
