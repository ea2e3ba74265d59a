"""Tables of how good the models are, and of what was tried to make them so."""

from pyspark.sql.types import (
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

MODEL_METRICS = Table(
    name="ops.model_metrics",
    grain="one row per run x algorithm x segment x metric x k",
    schema=StructType(
        [
            column("run_id", StringType(), "the run that judged it"),
            column("algorithm", StringType(), "what recommends: user_knn, popular, ..."),
            column("segment", StringType(), "of the users; all is every one of them"),
            column("metric", StringType(), "ndcg, recall, ..., coverage, novelty, diversity, ..."),
            column("k", IntegerType(), "places of a list that count"),
            column("value", DoubleType(), "mean over users, or the list's property"),
            column("low", DoubleType(), "lower end of value's interval", nullable=True),
            column("high", DoubleType(), "upper end of value's interval", nullable=True),
            column("n_users", LongType(), "users it is a mean over"),
            column("baseline", StringType(), "the algorithm compared with", nullable=True),
            column("difference", DoubleType(), "value less the baseline's", nullable=True),
            column("difference_low", DoubleType(), "lower end of its interval", nullable=True),
            column("difference_high", DoubleType(), "upper end of its interval", nullable=True),
            column("is_default", BooleanType(), "whether the suite would deploy this model"),
            column("fit_seconds", DoubleType(), "wall time of fitting", nullable=True),
            column("recommend_seconds", DoubleType(), "wall time of recommending", nullable=True),
            column("settings", StringType(), "the model's settings, as JSON"),
            column("split", StringType(), "how train and test were split, and where"),
            column("candidates", StringType(), "which items could be recommended"),
            column("formula", StringType(), "how the metric is defined"),
            column("seed", LongType(), "of everything drawn at random"),
            column("input", StringType(), "what was split: table@version"),
        ]
    ),
    key=("run_id", "algorithm", "segment", "metric", "k"),
    checks={"k_from_1": "k >= 1", "has_users": "n_users >= 0"},
)

MODEL_TRIALS = Table(
    name="ops.model_trials",
    grain="one row per run x algorithm x trial x window",
    schema=StructType(
        [
            column("run_id", StringType(), "the run that tried it"),
            column("algorithm", StringType(), "what recommends"),
            column("trial", IntegerType(), "number of the settings tried"),
            column("settings", StringType(), "the settings tried, as JSON"),
            column("window", StringType(), "when it was judged, as from..until"),
            column("window_from", TimestampType(), "its first instant, UTC"),
            column("window_until", TimestampType(), "the instant after it, UTC"),
            column("metric", StringType(), "what it was judged by"),
            column("k", IntegerType(), "places of a list that count"),
            column("value", DoubleType(), "mean over users"),
            column("n_users", LongType(), "users it is a mean over"),
            column("is_chosen", BooleanType(), "whether these settings were chosen"),
        ]
    ),
    key=("run_id", "algorithm", "trial", "window"),
    checks={"k_from_1": "k >= 1", "has_time": "window_from < window_until"},
)
