"""One evaluation of the recommenders: its metrics, and what was tried before it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS


def select_metrics(metrics: DataFrame, *, run_id: str) -> DataFrame:
    """What one run found out, at the fewest places of a list that it looked at.

    Returns:
        ``MODEL_METRICS``: one row per algorithm x segment x metric, in order.

    Cost: a filter, a broadcast of one row and a sort of what is left.
    """
    require_columns(metrics, MODEL_METRICS)
    ours = metrics.where(F.col("run_id") == run_id)
    fewest = ours.agg(F.min("k").alias("k"))
    return (
        ours.join(F.broadcast(fewest), "k")
        .orderBy("algorithm", "segment", "metric")
        .select(*MODEL_METRICS.columns)
    )


def summarize_trials(trials: DataFrame, *, run_id: str) -> DataFrame:
    """How much was tried for each model in one run, and what was chosen.

    Returns:
        One row per algorithm, in order: algorithm, n_trials (settings tried), n_windows (in which
        each was judged), settings (the chosen, as JSON; null where none was).

    Cost: a shuffle of one row per algorithm x trial x window.
    """
    require_columns(trials, MODEL_TRIALS, ["run_id", "algorithm", "trial", "window", "is_chosen"])
    return (
        trials.where(F.col("run_id") == run_id)
        .groupBy("algorithm")
        .agg(
            F.count_distinct("trial").alias("n_trials"),
            F.count_distinct("window").alias("n_windows"),
            F.max(F.when(F.col("is_chosen"), F.col("settings"))).alias("settings"),
        )
        .orderBy("algorithm")
        .select("algorithm", "n_trials", "n_windows", "settings")
    )
