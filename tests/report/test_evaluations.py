from datetime import UTC, datetime

from pyspark.sql import SparkSession

from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.report.evaluations import select_metrics, summarize_trials
from cxspark.report.findings import Evaluation

EARLY, LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)


def test_metrics_are_of_one_run_and_of_one_length_of_lists(
    spark: SparkSession, evaluation: Evaluation
) -> None:
    rows = [row.asDict() for row in evaluation.metrics]
    others = [{**row, "run_id": "older"} for row in rows] + [{**row, "k": 50} for row in rows]
    frame = spark.createDataFrame(rows + others, MODEL_METRICS.schema)
    found = select_metrics(frame, run_id="r<7>").collect()
    assert sorted(map(tuple, found)) == sorted(
        tuple(row[name] for name in MODEL_METRICS.columns) for row in rows
    )
    assert select_metrics(frame, run_id="no such").collect() == []


def test_trials_are_counted_and_the_chosen_told(spark: SparkSession) -> None:
    def trial(run: str, name: str, number: int, since: datetime, *, is_chosen: bool) -> dict:
        return {
            "run_id": run,
            "algorithm": name,
            "trial": number,
            "settings": f"s{number}",
            "window": str(since),
            "window_from": since,
            "window_until": datetime(2026, 4, 1, tzinfo=UTC),
            "metric": "ndcg",
            "k": 10,
            "value": 0.1,
            "n_users": 5,
            "is_chosen": is_chosen,
        }

    rows = [
        trial("r", "als", number, since, is_chosen=number == 1)
        for number in (0, 1, 2)
        for since in (EARLY, LATE)
    ]
    rows += [trial("r", "ease", 0, EARLY, is_chosen=False)]
    rows += [trial("older", "als", 9, EARLY, is_chosen=True)]
    frame = spark.createDataFrame(rows, MODEL_TRIALS.schema)
    assert [tuple(row) for row in summarize_trials(frame, run_id="r").collect()] == [
        ("als", 3, 2, "s1"),
        ("ease", 1, 1, None),
    ]
