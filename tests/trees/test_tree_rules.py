import pytest

from cxspark.trees.encoding import CategorySlot, FlagSlot, NumberSlot
from cxspark.trees.rules import (
    Condition,
    draw_together,
    parse_leaves,
    read_condition,
    read_path,
    read_splits,
)

SLOTS = [
    NumberSlot("age", 40.0, True),
    FlagSlot("age"),
    CategorySlot("city", ("Oslo", "Rome", "Bonn", "any other", "unknown")),
]
# As DecisionTreeClassificationModel.toDebugString of Spark 4.2 writes it.
TREE = """DecisionTreeClassificationModel: uid=dtc, depth=3, numNodes=7, numClasses=2, numFeatures=3
  If (feature 0 <= 50.5)
   If (feature 2 in {0.0,3.0})
    Predict: 0.0
   Else (feature 2 not in {0.0,3.0})
    If (feature 0 <= 1.5E1)
     Predict: 1.0
    Else (feature 0 > 1.5E1)
     Predict: 0.0
  Else (feature 0 > 50.5)
   Predict: 1.0
"""


def test_what_is_said_of_one_feature_is_drawn_together() -> None:
    leaves = [draw_together(leaf) for leaf in parse_leaves(TREE, SLOTS)]
    assert [[read_condition(one, SLOTS) for one in leaf] for leaf in leaves] == [
        ["age <= 50.5 or unknown", "city is Oslo or any other"],
        ["age <= 15", "city is not Oslo or any other"],
        ["15 < age <= 50.5 or unknown", "city is not Oslo or any other"],
        ["age > 50.5"],
    ]


def test_splits_are_told_one_by_one() -> None:
    third = parse_leaves(TREE, SLOTS)[2]
    assert [read_condition(one, SLOTS) for one in third] == [
        "age <= 50.5 or unknown",
        "city is not Oslo or any other",
        "age > 15 or unknown",
    ]


def test_what_is_known_of_a_number_is_told_once() -> None:
    known, unknown = Condition(1, high=0.5), Condition(1, low=0.5)
    up_to_50 = Condition(0, high=50.5)
    assert read_path([up_to_50, known], SLOTS) == "age <= 50.5"
    assert read_path([up_to_50, unknown], SLOTS) == "age is unknown"
    assert read_path([known], SLOTS) == "age is known"
    assert read_path([], SLOTS) == ""


def test_a_split_tells_what_was_known_before_it_alone() -> None:
    known, up_to_50 = Condition(1, high=0.5), Condition(0, high=50.5)
    assert read_splits([up_to_50, known], SLOTS) == ["age <= 50.5 or unknown", "age is known"]
    assert read_splits([known, up_to_50], SLOTS) == ["age is known", "age <= 50.5"]


def test_a_tree_of_one_leaf_has_no_condition() -> None:
    assert parse_leaves("DecisionTree: numNodes=1\n  Predict: 1.0\n", SLOTS) == [()]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition(1, high=0.5), "age is known"),
        (Condition(1, low=0.5), "age is unknown"),
        (Condition(2, among=frozenset({4})), "city is unknown"),
        (Condition(2, among=frozenset({0, 1})), "city is Oslo or Rome"),
        (Condition(2, among=frozenset({0, 1, 3, 4})), "city is not Bonn"),
        (Condition(2, among=frozenset(range(5))), "city is Oslo, Rome, Bonn, any other or unknown"),
        (Condition(0, low=1234567.25), "age > 1234567.2"),
    ],
)
def test_conditions_are_read(condition: Condition, words: str) -> None:
    assert read_condition(condition, SLOTS) == words


def test_what_was_never_met_is_not_told_of() -> None:
    slot = CategorySlot("city", ("Oslo", "Rome", "any other", "unknown"), frozenset({"any other"}))
    words = [read_condition(Condition(0, among=frozenset(one)), [slot]) for one in ({0, 2}, {1, 3})]
    assert words == ["city is Oslo", "city is not Oslo"]
    assert read_condition(Condition(0, among=frozenset({2})), [slot]) == (
        "city is not Oslo, Rome or unknown"
    )
