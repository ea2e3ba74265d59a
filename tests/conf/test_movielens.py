"""conf/movielens.yaml takes the data set as it comes, of any size, and judges as papers do."""

from pathlib import Path

from pyspark.sql import SparkSession

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.runtime.config import load_config
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.submit import submit
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS

CONFIG = Path(__file__).resolve().parents[2] / "conf" / "movielens.yaml"
MARKS = {
    "u.data": "1\t242\t3\t881250949\n",
    "ratings.dat": "2::242::3::881250949\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n3,242,3.5,881250949\n",
}


def test_marks_are_events_whatever_the_size_of_the_data_set(
    spark: SparkSession, tmp_path: Path
) -> None:
    for name, text in MARKS.items():
        (tmp_path / name).write_text(text)
    root, files = tmp_path / "tables", ",".join(str(tmp_path / name) for name in MARKS)
    overrides = [f"environment.tables.root={root}", f"ingest_events.input=[{files}]"]
    config = load_config(CONFIG, overrides, known=STEPS)
    (outcome,) = submit([STEPS["ingest_events"]], config, run_id="r1")
    assert outcome.error is None
    events = Tables(spark, Location(root=str(root)), Run("test", "test")).read(SILVER_EVENTS)
    found = events.selectExpr("user_id", "item_id", "rating", "cast(event_at AS string)").collect()
    at = "1997-12-04 15:55:49"
    assert sorted(map(tuple, found)) == [
        ("1", "242", 3.0, at),
        ("2", "242", 3.0, at),
        ("3", "242", 3.5, at),
    ]


def test_four_of_five_marks_at_random_are_to_learn_from() -> None:
    config = load_config(CONFIG, [], known=STEPS)
    found = config.section("evaluate_recommenders", EvaluateRecommendersSettings)
    assert (found.split, found.train_share, found.weights) == ("random", 0.8, {"watch": 1.0})
