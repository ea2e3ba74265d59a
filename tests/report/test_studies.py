import re
from dataclasses import replace

import pytest
from pyspark.sql import Row

from cxspark.report.findings import Findings, Origin
from cxspark.report.page import render_page
from cxspark.report.studies import Study, group_studies, plant
from cxspark.report.study_charts import chart_gains, chart_precision, chart_tree

WHOSE = {"source": "bank", "label": "churned"}


def gain(feature: str, ratio: float, *, is_identifier: bool = False) -> Row:
    return Row(
        **WHOSE,
        feature=feature,
        gain=ratio / 2,
        entropy=0.9,
        gain_ratio=ratio,
        is_identifier=is_identifier,
    )


def rule(leaf: int, conditions: list[str], n_rows: int, event_share: float) -> Row:
    guess = "yes" if event_share >= 0.4 else "no"
    return Row(
        **WHOSE,
        leaf=leaf,
        path=" and ".join(conditions),
        conditions=conditions,
        n_rows=n_rows,
        predicted=guess,
        confidence=max(event_share, 1 - event_share),
        event="yes",
        event_share=event_share,
    )


def point(threshold: float, n_flagged: int, n_hits: int, *, is_chosen: bool = False) -> Row:
    return Row(
        **WHOSE,
        threshold=threshold,
        n_rows=100,
        n_events=20,
        n_flagged=n_flagged,
        n_hits=n_hits,
        precision=n_hits / n_flagged if n_flagged else None,
        recall=n_hits / 20,
        is_chosen=is_chosen,
    )


def measure(model: str, metric: str, value: float | None) -> Row:
    return Row(**WHOSE, model=model, metric=metric, value=value, n_rows=100)


GAINS = [gain("email", 0.3, is_identifier=True), gain("calls <b>", 0.2), gain("age", 0.0)]
RULES = [
    rule(0, ["calls <= 3", "age <= 40"], 50, 0.02),
    rule(1, ["calls <= 3", "age > 40"], 30, 0.1),
    rule(2, ["calls > 3"], 20, 0.75),
]
CURVE = [point(float("inf"), 0, 0), point(0.75, 25, 15, is_chosen=True), point(0.02, 100, 20)]
METRICS = [measure("majority", "precision", None), measure("tree", "precision", 0.6)]


@pytest.fixture
def study() -> Study:
    (study,) = group_studies(GAINS, RULES, CURVE, METRICS)
    return study


def test_each_source_and_label_is_a_study() -> None:
    other = Row(**{**GAINS[1].asDict(), "label": "bought"})
    studies = group_studies([*GAINS, other], RULES, CURVE, [])
    assert [(one.source, one.label, len(one.gains), len(one.rules)) for one in studies] == [
        ("bank", "bought", 1, 0),
        ("bank", "churned", 3, 3),
    ]


def test_the_tree_grows_again_from_its_rules() -> None:
    nodes = list(plant(RULES).walk())
    assert [(node.depth, node.condition, node.n_rows) for node in nodes] == [
        (0, "", 100),
        (1, "calls <= 3", 80),
        (2, "age <= 40", 50),
        (2, "age > 40", 30),
        (1, "calls > 3", 20),
    ]
    alone = list(plant([rule(0, [], 7, 0.5)]).walk())
    assert [(node.depth, node.leaf is not None) for node in alone] == [(0, True)]


def test_the_gain_s_sentence_names_the_best_that_is_no_identifier(study: Study) -> None:
    chart = chart_gains(study, "g")
    assert "calls <b> tells most, 0.1 bits of 0.9." in chart.sentence.striptags().replace(
        "&lt;b&gt;", "<b>"
    )
    for svg in (chart.wide, chart.narrow):
        assert svg.count(">0.200<") == 1
        assert "email" in svg


def test_the_tree_s_picture_has_every_condition_share_and_size(study: Study) -> None:
    chart = chart_tree(study, "t")
    for svg in (chart.wide, chart.narrow):
        for text in ("everyone", "calls &lt;= 3", "age &gt; 40", "calls &gt; 3"):
            assert text in svg
        assert "75% · 20 customers" in svg
        assert "5% · 80 customers" in svg
    assert "yes: 75% · 20 customers, 20%" in chart.wide
    assert "one of 3 groups; most often yes where calls > 3: 75% of 20 customers." in str(
        chart.sentence.striptags()
    )


def test_a_long_condition_loses_its_middle_not_its_threshold() -> None:
    name = "months_since_the_last_visit_to_any_of_our_shops"
    rules = [rule(0, [f"{name} <= 3.25"], 50, 0.02), rule(1, [f"{name} > 3.25"], 30, 0.1)]
    chart = chart_tree(Study("bank", "churned", rules=rules), "t")
    assert f"{name} &lt;= 3.25<" in chart.wide
    assert f">{name}" not in chart.narrow
    assert "…" in chart.narrow
    assert " &lt;= 3.25<" in chart.narrow


def test_the_curve_tells_what_the_chosen_threshold_does(study: Study) -> None:
    told = chart_precision(study, "c").sentence.striptags()
    assert told == (
        "Acting on every group with at least 75% of yes costs least: on the test it flags 25 of "
        "100 customers, 60% of them rightly, and finds 75% of the 20 there are."
    )
    nobody = [point(float("inf"), 0, 0, is_chosen=True), point(0.02, 100, 20)]
    told = chart_precision(replace(study, curve=nobody), "c").sentence.striptags()
    assert "it pays to act on nobody" in told


def test_a_tree_of_more_classes_is_drawn_without_an_event() -> None:
    rows = [
        Row(**{**row.asDict(), "event": None, "event_share": None, "predicted": f"c{place}"})
        for place, row in enumerate(RULES)
    ]
    chart = chart_tree(Study("bank", "kind", rules=rows), "t")
    assert "c2: 75% · 20 customers" in chart.wide
    assert [label for label, _ in chart.legend] == [
        "leaf: c0",
        "leaf: c1",
        "leaf: c2",
        "a question follows",
    ]


def test_the_page_tells_of_every_study(empty: Findings, origin: Origin, study: Study) -> None:
    studies = [study, Study("shop", "bought", gains=GAINS)]
    found = replace(empty, studies=studies)
    html = render_page(found, origin, title="t", algorithm="user_knn")
    assert html.count("<svg") == 8  # three figures and one, each wide and narrow
    assert "calls <b>" not in html
    shown = dict(re.findall(r'data-metric="([^"]*)" data-value="([^"]*)"', html))
    assert shown["study:bank:churned:precision"] == "0.6"
    assert "run <code>train_tree</code>" in html
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    without = render_page(empty, origin, title="t", algorithm="user_knn")
    assert "run <code>rank_features</code>" in without
