import pytest
from customer_rows import make_rows
from pyspark.sql import SparkSession

from cxspark.contracts.features import FeatureNames
from cxspark.trees.encoding import CategorySlot, FlagSlot, NumberSlot, learn_encoding

NAMES = FeatureNames(("age", "visits"), ("city", "plan"))
ROWS = [
    ([30.0, 1.0], ["Rome", "free"], "x"),
    ([None, 2.0], ["Rome", "free"], "x"),
    ([50.0, 3.0], ["Oslo", None], "y"),
    ([40.0, 9.0], ["Bonn", "paid"], "y"),
]


def test_unknown_numbers_get_the_median_and_a_flag_and_rare_values_share_a_place(
    spark: SparkSession,
) -> None:
    encoding = learn_encoding(
        make_rows(spark, ROWS),
        NAMES,
        chosen=FeatureNames(("age", "visits"), ("plan", "city")),
        max_categories=2,
    )
    assert encoding.slots == [
        NumberSlot("age", 40.0, True),
        FlagSlot("age"),
        NumberSlot("visits", 2.0, False),
        CategorySlot("plan", ("free", "paid", "any other", "unknown"), frozenset({"any other"})),
        CategorySlot("city", ("Bonn", "Rome", "any other", "unknown"), frozenset({"unknown"})),
    ]
    stranger = ([None, None], ["Paris", None], None)
    encoded = encoding.encode(make_rows(spark, [*ROWS, stranger]))
    assert [row["features"].toArray().tolist() for row in encoded.orderBy("user_id").collect()] == [
        [30.0, 0.0, 1.0, 0.0, 1.0],
        [40.0, 1.0, 2.0, 0.0, 1.0],
        [50.0, 0.0, 3.0, 3.0, 2.0],
        [40.0, 0.0, 9.0, 1.0, 0.0],
        [40.0, 1.0, 2.0, 3.0, 2.0],
    ]
    kinds = encoded.schema["features"].metadata["ml_attr"]["attrs"]
    assert {kind: [one["idx"] for one in places] for kind, places in kinds.items()} == {
        "numeric": [0, 1, 2],
        "nominal": [3, 4],
    }


@pytest.mark.parametrize("chosen", [FeatureNames(("age",)), FeatureNames((), ("city",))])
def test_one_kind_of_feature_is_enough(spark: SparkSession, chosen: FeatureNames) -> None:
    encoding = learn_encoding(make_rows(spark, ROWS), NAMES, chosen=chosen, max_categories=5)
    assert encoding.slots[0].name in {"age", "city"}
