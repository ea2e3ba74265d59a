"""Tables of what tells customers apart."""

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructType,
)

from cxspark.contracts.table import Table, column

_SOURCE = column("source", StringType(), "whose customers")
_LABEL = column("label", StringType(), "the feature that the others are to tell")
_EVENT = column(
    "event", StringType(), "of two classes the one that counts as positive", nullable=True
)
_PART = column("part", StringType(), "train, validation or test")

FEATURES_GAIN = Table(
    name="gold.features_gain",
    grain="one row per source x label x kind x feature",
    schema=StructType(
        [
            _SOURCE,
            _LABEL,
            column("feature", StringType(), "its name"),
            column("kind", StringType(), "number or category"),
            column(
                "threshold",
                DoubleType(),
                "of a number: up to it one branch, above it the other; null where nothing splits",
                nullable=True,
            ),
            column("is_exact", BooleanType(), "whether every threshold was tried"),
            column("n_rows", LongType(), "customers with a label"),
            column("n_missing", LongType(), "of them, those whose value isn't known"),
            column(
                "n_values",
                LongType(),
                "distinct values; where is_exact is false about, and of whole numbers alone",
                nullable=True,
            ),
            column("entropy", DoubleType(), "of the label where the value is known, bits"),
            column("gain", DoubleType(), "bits of it that the feature tells, x the known share"),
            column(
                "split_info", DoubleType(), "entropy of the branches, the unknown one too, bits"
            ),
            column("gain_ratio", DoubleType(), "gain / split_info; 0 where that is 0"),
            column("rank", IntegerType(), "by gain_ratio, from 1"),
            column("is_identifier", BooleanType(), "whether nearly every row has its own value"),
        ]
    ),
    key=("source", "label", "kind", "feature"),
    checks={
        "known_kind": "kind IN ('number', 'category')",
        "gain_not_negative": "gain >= 0",
        "rank_from_1": "rank >= 1",
    },
    partition_by=("source",),
)

TREE_RULES = Table(
    name="gold.tree_rules",
    grain="one row per source x label x leaf of the tree",
    schema=StructType(
        [
            _SOURCE,
            _LABEL,
            column("leaf", IntegerType(), "number from the left, from 0"),
            column("path", StringType(), "what leads there, to be read; empty if there's no split"),
            column(
                "conditions",
                ArrayType(StringType(), containsNull=False),
                "the same, split by split from the root",
            ),
            column("n_rows", LongType(), "customers to learn from that it holds"),
            column("share", DoubleType(), "of all customers to learn from"),
            column("predicted", StringType(), "the class it stands for"),
            column("confidence", DoubleType(), "share of that class in it"),
            column("lift", DoubleType(), "confidence / that class's share of all"),
            _EVENT,
            column("event_share", DoubleType(), "share of the event in it", nullable=True),
            column("n_test_rows", LongType(), "customers of the test that it holds"),
            column(
                "test_confidence",
                DoubleType(),
                "share of the class among those; null where there are none",
                nullable=True,
            ),
        ]
    ),
    key=("source", "label", "leaf"),
    checks={"share_within_1": "share BETWEEN 0 AND 1"},
    partition_by=("source",),
)

TREE_PREDICTIONS = Table(
    name="gold.tree_predictions",
    grain="one row per source x label x user_id",
    schema=StructType(
        [
            _SOURCE,
            _LABEL,
            column("user_id", StringType(), "who"),
            column("part", StringType(), "train, validation, test, or new: without a label"),
            column("actual", StringType(), "the class, where it is known", nullable=True),
            column("predicted", StringType(), "the class that the leaf stands for"),
            column(
                "probability", DoubleType(), "share of that class among the leaf's to learn from"
            ),
            column(
                "probabilities",
                MapType(StringType(), DoubleType(), valueContainsNull=False),
                "the same of every class",
            ),
            column("leaf", IntegerType(), "where the tree led"),
            column("path", StringType(), "how it led there"),
        ]
    ),
    key=("source", "label", "user_id"),
    checks={"known_part": "part IN ('train', 'validation', 'test', 'new')"},
    partition_by=("source",),
)

TREE_CURVE = Table(
    name="gold.tree_curve",
    grain="one row per source x label x part x threshold, of two classes",
    schema=StructType(
        [
            _SOURCE,
            _LABEL,
            column("event", StringType(), "the class that counts as positive"),
            _PART,
            column("threshold", DoubleType(), "least share of the event in a leaf to act on it"),
            column("n_rows", LongType(), "customers of the part"),
            column("n_events", LongType(), "of them with the event"),
            column("n_flagged", LongType(), "of them in leaves that are acted on"),
            column("n_hits", LongType(), "of those with the event"),
            column("precision", DoubleType(), "hits / flagged; null if none is", nullable=True),
            column("recall", DoubleType(), "hits / events; null if there are none", nullable=True),
            column("cost", DoubleType(), "of all false positives and negatives"),
            column("is_chosen", BooleanType(), "whether it costs least on the validation part"),
        ]
    ),
    key=("source", "label", "part", "threshold"),
    partition_by=("source",),
)

TREE_METRICS = Table(
    name="gold.tree_metrics",
    grain="one row per source x label x part x model x metric",
    schema=StructType(
        [
            _SOURCE,
            _LABEL,
            _PART,
            column("model", StringType(), "tree, or majority: the commonest class for everyone"),
            column("metric", StringType(), "accuracy, precision, recall, cost, ..."),
            column("value", DoubleType(), "null where it isn't defined", nullable=True),
            column("n_rows", LongType(), "customers of the part"),
            _EVENT,
            column("n_events", LongType(), "of them with the event", nullable=True),
        ]
    ),
    key=("source", "label", "part", "model", "metric"),
    partition_by=("source",),
)

TREE_TRIALS = Table(
    name="gold.tree_trials",
    grain="one row per source x label x trial",
    schema=StructType(
        [
            _SOURCE,
            _LABEL,
            column("trial", IntegerType(), "its number, from 1"),
            column("max_depth", IntegerType(), "questions on the longest way allowed"),
            column("min_leaf_rows", IntegerType(), "least customers in a leaf"),
            column("impurity", StringType(), "entropy or gini"),
            column("n_leaves", IntegerType(), "that it has"),
            column("metric", StringType(), "what it was judged by"),
            column("train_value", DoubleType(), "on what it learnt from", nullable=True),
            column("validation_value", DoubleType(), "what it was chosen by", nullable=True),
            column("n_validation", LongType(), "customers it was judged on"),
            column("is_chosen", BooleanType(), "whether it is the tree"),
        ]
    ),
    key=("source", "label", "trial"),
    partition_by=("source",),
)
