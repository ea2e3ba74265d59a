import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from pyspark.sql import Row

from cxspark.report.findings import Evaluation, Findings, Origin
from cxspark.report.page import render_page

Render = Callable[[Findings], str]


class Page(HTMLParser):
    """What a browser would make of it: elements, their attributes, text, numbers."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str | None]:
        return [value for key, value in self.attributes if key == name]


@pytest.fixture(scope="module")
def render(origin: Origin) -> Render:
    return lambda findings: render_page(findings, origin, title="Our <shop>", algorithm="user_knn")


@pytest.fixture(scope="module")
def html(render: Render, findings: Findings) -> str:
    return render(findings)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_names_from_outside_stay_text(page: Page) -> None:
    assert "script" not in page.tags
    assert "b>" in page.text
    assert page.text.count("<script>alert('x')</script> & $\\sons$") >= 4
    assert "Our <shop>" in page.text


def test_the_page_loads_nothing_and_runs_nothing(page: Page, html: str) -> None:
    links = [value for name in ("href", "src", "xlink:href") for value in page.values(name)]
    assert all(link and link.startswith(("#", "data:,")) for link in links)
    assert not {"script", "iframe", "img", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_every_id_is_there_once_and_every_link_leads_to_one(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    anchors = {value[1:] for value in page.values("href") if value and value.startswith("#")}
    assert anchors <= set(ids)


def test_numbers_are_there_for_machines_and_for_people(page: Page, html: str) -> None:
    found = dict(re.findall(r'data-metric="([^"]*)" data-value="([^"]*)"', html))
    expected = {
        "n_events": "1200",
        "n_users": "3",
        "n_items": "5",
        "n_records": "1500",
        "n_quarantined": "100",
        "reason:no_user": "100",
        "n_recommendations": "2",
        "origin:neighbors": "2",
        "coverage": "0.4",
        "version:gold.user_item": "12",
        "score:user_knn:u&lt;b&gt;:1": "4.0",
        "suggestions:user_knn:u&lt;b&gt;": "i1 i9",
    }
    assert {name: found.get(name) for name in expected} == expected
    text = page.text
    for part in ("1,200", "nobody acted", "map another column", "record 4 of a.csv", "run-7"):
        assert part in text
    assert "23 Nov 2026, 20:05 UTC" in text


def test_each_suggestion_says_why(page: Page) -> None:
    text = " ".join(page.text.split())
    assert "v 0.5 away, 1 item in common" in text
    assert "Customers near have it: v 75% gone 25%" in text
    assert "Popular with everyone lately" in text
    assert "Customer stranger Not in the matrix." in text


def test_the_newest_comparison_of_models_is_told(
    render: Render, findings: Findings, evaluation: Evaluation, page: Page
) -> None:
    assert "Nothing here yet: run evaluate_recommenders" in " ".join(page.text.split())
    html = render(replace(findings, evaluation=evaluation))
    found = dict(re.findall(r'data-metric="([^"]*)" data-value="([^"]*)"', html))
    expected = {
        "finding": "blend is better than popular_recent: ndcg@10 +0.0400 (+0.0250 to +0.0550), "
        "100 users",
        "board:blend:quality": "0.12",
        "board:popular_recent:hit_rate": "0.16",
        "board:als:seconds": "10.0",
        "group:history of 21+ items:n_users": "40",
        "tried:blend": "42",
    }
    assert {name: found.get(name) for name in expected} == expected
    text = " ".join(Page(html).text.split())
    for part in ("0.1100 to 0.1300", "+0.0250 to +0.0550", "all items", "Seed 42", "run r<7>"):
        assert part in text
    assert Page(html).tags.count("svg") == page.tags.count("svg") + 6
    assert "Which recommender is best" in text
    ids = Page(html).values("id")
    assert len(ids) == len(set(ids))


def test_empty_tables_make_a_page_that_says_what_to_run(render: Render, empty: Findings) -> None:
    page = Page(render(empty))
    assert "There is nothing to tell yet" in page.text
    assert page.text.count("Nothing here yet: run") >= 5
    assert "svg" not in page.tags


def test_events_lost_since_their_load_are_told(
    render: Render, findings: Findings, page: Page
) -> None:
    assert "notice" not in page.values("class")
    fewer = replace(findings, events=Row(**{**findings.events.asDict(), "n_events": 1100}))
    assert "silver.events holds 1,100 events, the loads accepted 1,200" in Page(render(fewer)).text


def test_the_same_findings_make_the_same_page(
    render: Render, findings: Findings, html: str
) -> None:
    assert render(findings) == html
