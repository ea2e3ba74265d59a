import pytest
from pydantic import ValidationError
from pyspark.sql import Row

from cxspark.contracts.errors import ConfigError
from cxspark.segmentation.naming import name_clusters
from cxspark.segmentation.rules import RFM_RULES, Condition, NamingRule
from cxspark.segmentation.settings import SegmentCustomersSettings

REST = NamingRule(name="ordinary", strategy="as ever")


def centers(*values: tuple[float, float]) -> list[Row]:
    """Clusters by deviation and value of their centre in `money`."""
    return [
        Row(cluster=i, center={"money": value}, deviations={"money": deviation})
        for i, (deviation, value) in enumerate(values, 1)
    ]


def names(rules: list[NamingRule], *values: tuple[float, float]) -> list[str]:
    return [row["segment"] for row in name_clusters(centers(*values), rules)]


def rule(**condition) -> NamingRule:
    return NamingRule(name="rich", when={"money": Condition(**condition)}, strategy="call")


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"rank": "highest"}, ["ordinary", "rich", "ordinary"]),
        ({"rank": "lowest"}, ["rich", "ordinary", "ordinary"]),
        ({"above": 0.5}, ["ordinary", "rich", "rich"]),
        ({"below": 1.0}, ["rich", "ordinary", "ordinary"]),
        ({"above": 0.5, "at_most": 49.0}, ["ordinary", "ordinary", "ordinary"]),
        ({"at_least": 50.0}, ["ordinary", "rich", "rich"]),
    ],
)
def test_all_that_a_condition_asks_must_hold(condition, named):
    assert names([rule(**condition), REST], (-1.0, 5.0), (1.0, 50.0), (1.0, 50.0)) == named


def test_the_rule_that_fired_is_the_reason_and_its_strategy_comes_along():
    rows = name_clusters(
        centers((1.914, 25975.0), (-0.4, 4734.0)), [rule(rank="highest", above=1.0), REST]
    )
    assert rows[0] == Row(
        cluster=1,
        segment="rich",
        strategy="call",
        reason="rich: money highest of 2 clusters; "
        "money +1.91 standard deviations from the mean (rule: above 1)",
    )
    assert rows[1]["reason"] == "ordinary: no rule before it was met"


def test_the_first_rule_that_is_met_names_a_cluster():
    later = NamingRule(name="later", when={"money": Condition(above=0.0)})
    assert names([later, rule(above=0.0), REST], (1.0, 1.0)) == ["later"]


def test_a_rule_on_an_unknown_feature_is_refused():
    wrong = NamingRule(name="rich", when={"gold": Condition(above=1.0)})
    with pytest.raises(ConfigError, match="features of the clusters: money; found gold"):
        names([wrong, REST], (1.0, 1.0))


@pytest.mark.parametrize(
    "settings",
    [
        {"rules": [rule(above=1.0).model_dump()], "by": ["money"]},
        {"rules": [REST.model_dump()] * 2},
        {"rules": [rule(above=1.0).model_dump(), REST.model_dump()]},
        {"rules": [{"name": "x", "when": {"frequency": {}}}, REST.model_dump()]},
        {"habits": None},
    ],
)
def test_rules_that_leave_clusters_without_a_name_or_ask_nothing_are_refused(settings):
    with pytest.raises(ValidationError):
        SegmentCustomersSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("recency", "frequency", "monetary", "named"),
    [
        (-1.0, 1.5, 1.5, "champions"),
        (-0.2, 0.6, 0.5, "loyal"),
        (0.8, 0.5, 0.4, "at risk"),
        (-0.8, -0.5, -0.6, "promising"),
        (1.2, -0.6, -0.6, "lost"),
        (0.3, -0.6, -0.6, "occasional"),
    ],
)
def test_names_by_spending_habits(recency, frequency, monetary, named):
    by_feature = {"recency_days": recency, "frequency": frequency, "monetary": monetary}
    center = Row(cluster=1, center=by_feature, deviations=by_feature)
    assert name_clusters([center], RFM_RULES)[0]["segment"] == named
