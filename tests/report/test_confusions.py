import re
from dataclasses import replace

from pyspark.sql import Row

from cxspark.report.confusion_charts import chart_confusion
from cxspark.report.confusions import OTHERS, group_confusions
from cxspark.report.findings import Findings, Origin
from cxspark.report.page import render_page


def told(actual: str, predicted: str, n_users: int, protocol: str = "leave_one_out") -> Row:
    return Row(
        source="shop",
        algorithm="knn",
        label_name="plan",
        protocol=protocol,
        actual=actual,
        predicted=predicted,
        n_users=n_users,
    )


ROWS = [told("free", "free", 3), told("paid", "free", 2), told("paid", "paid", 5)]


def test_what_they_are_stands_downwards_and_the_commonest_class_first() -> None:
    (found,) = group_confusions(ROWS)
    assert found.classes == ["paid", "free"]
    assert found.counts.tolist() == [[5, 2], [0, 3]]
    assert (found.n_right, found.n_users, found.n_commonest) == (8, 10, 7)


def test_each_way_of_judging_has_a_table_of_its_own() -> None:
    found = group_confusions([*ROWS, told("free", "paid", 1, "held_out")])
    assert [(one.protocol, one.n_users) for one in found] == [
        ("held_out", 1),
        ("leave_one_out", 10),
    ]


def test_a_class_that_nobody_has_is_told_all_the_same() -> None:
    (found,) = group_confusions([told("a", "b", 1)])
    assert found.classes == ["a", "b"]
    assert found.counts.tolist() == [[0, 1], [0, 0]]


def test_rare_classes_are_one_and_a_mistake_among_them_stays_one() -> None:
    rows = [told(f"c{place:02}", f"c{place:02}", 50 - place) for place in range(12)]
    (found,) = group_confusions([*rows, told("c10", "c11", 1)])
    assert found.classes == [*(f"c{place:02}" for place in range(9)), OTHERS]
    assert found.counts[-1, -1] == 41 + 40 + 39 + 1
    assert found.n_users - found.n_right == 1


def test_the_figure_says_how_many_are_right_beside_the_commonest_class() -> None:
    chart = chart_confusion(group_confusions(ROWS)[0], "c")
    assert chart.sentence.striptags() == (
        "Of 10 customers of shop, each customer told by all the others, 8 (80%) were told right; "
        "telling everyone the commonest class, paid, would be right of 70%."
    )
    assert chart.wide.count("var(--series-1); opacity") == 2
    assert chart.wide.count("var(--series-4); opacity") == 1


def test_the_page_shows_every_table_and_escapes_classes(empty: Findings, origin: Origin) -> None:
    found = replace(empty, confusions=group_confusions([told("<b>x", "<b>x", 1)]))
    html = render_page(found, origin, title="t", algorithm="user_knn")
    section = html[html.index('<section id="classes">') : html.index('<section id="more">')]
    assert section.count("<figure>") == 1
    assert "<b>x" not in section


def test_without_classes_the_page_says_what_to_run(empty: Findings, origin: Origin) -> None:
    assert "run <code>classify_knn</code>" in render_page(
        empty, origin, title="t", algorithm="user_knn"
    )


def test_a_page_of_customers_alone_has_no_empty_sections_of_what_they_did(
    empty: Findings, origin: Origin
) -> None:
    found = replace(empty, confusions=group_confusions([told("x", "x", 1)]))
    html = render_page(found, origin, title="t", algorithm="user_knn")
    assert "Nothing here yet" not in html
    assert re.findall('<section id="([a-z]+)">', html) == ["classes", "more", "origin"]
    assert re.findall('<a href="#([a-z]+)">[^o]', html) == ["classes", "origin"]
    assert "What customers do, and what to suggest to them: run <code>ingest_events</code>" in html
