import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pyspark.sql import Row

from cxspark.report.cluster_charts import chart_elbow, chart_silhouette
from cxspark.report.findings import Findings, Origin
from cxspark.report.page import render_page
from cxspark.report.segment_charts import chart_moves, chart_profiles, chart_value, draw_section
from cxspark.report.segments import Section, Segmentation, lay_out_sections

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
BANK = "bank <b>"


def trial(k: int, seed: int, sse: float, silhouette: float | None, *, is_chosen=False) -> Row:
    reason = "k = 3: it bends" if is_chosen else None
    return Row(
        source=BANK,
        k=k,
        seed=seed,
        n_clusters=k,
        sse=sse,
        silhouette=silhouette,
        davies_bouldin=1.0,
        is_chosen=is_chosen,
        reason=reason,
    )


def profile(segment: str, n: int, feature: str, deviation: float | None, share=0.5) -> Row:
    return Row(
        source=BANK,
        segment=segment,
        n_users=n,
        share_users=n / 40,
        feature=feature,
        deviation=deviation,
        share_total=share,
    )


def move(start: str | None, end: str | None, n: int) -> Row:
    return Row(
        source=BANK,
        from_segment=start,
        to_segment=end,
        n_users=n,
        from_as_of=MARCH,
        to_as_of=APRIL,
    )


RUN = Row(
    source=BANK, as_of=APRIL, n_users=40, n_left_out=2, value_feature="money", adjusted_rand=0.875
)


@pytest.fixture(scope="module")
def found() -> Segmentation:
    return Segmentation(
        trials=[
            trial(2, 1, 90.0, 0.4),
            trial(2, 2, 100.0, 0.9),
            trial(3, 1, 40.0, 0.7, is_chosen=True),
            trial(4, 1, 35.0, None),
        ],
        runs=[RUN],
        profiles=[
            profile("rich", 10, "money", 2.5, 0.8),
            profile("rich", 10, "age", None),
            profile("poor", 30, "money", -0.8, 0.2),
            profile("poor", 30, "age", 0.1),
        ],
        moves=[
            move("rich", "rich", 9),
            move("poor", "rich", 1),
            move("poor", "poor", 28),
            move(None, "poor", 2),
            move("rich", None, 1),
        ],
        strategies=[
            Row(source=BANK, segment="rich", cluster=2, strategy="call", reason="rich: $ < 3 & $"),
            Row(source=BANK, segment="poor", cluster=1, strategy="write", reason="poor: rest"),
        ],
    )


@pytest.fixture(scope="module")
def section(found: Segmentation) -> Section:
    (section,) = lay_out_sections(found)
    return section


def test_the_best_seed_of_each_k_speaks_for_it(section: Section):
    assert [(row["k"], row["sse"]) for row in section.trials] == [(2, 90.0), (3, 40.0), (4, 35.0)]
    assert section.chosen is not None
    assert section.chosen["k"] == 3


def test_segments_stand_by_size_with_their_value_and_strategy(section: Section):
    told = [(s.name, s.role, s.share_value, s.strategy, s.reasons) for s in section.segments]
    assert told == [
        ("poor", "series-1", 0.2, "write", ["poor: rest"]),
        ("rich", "series-2", 0.8, "call", ["rich: $ < 3 & $"]),
    ]
    assert section.segments[1].deviations == {"money": 2.5}


def test_the_recommended_number_of_clusters_comes_with_its_reason(section: Section):
    assert "Recommended: k = 3: it bends." in chart_elbow(section).sentence.striptags()
    assert "highest with 3 clusters, 0.700" in chart_silhouette(section).sentence.striptags()


def test_the_sentences_tell_what_sets_segments_apart_and_where_the_value_is(section: Section):
    apart = chart_profiles(section).sentence.striptags()
    assert "most is money, of which “rich” have 2.5 standard deviations more" in apart
    value = chart_value(section).sentence.striptags()
    assert value == "“rich” are 25% of the customers and 80% of the value (money)."


def test_moves_count_who_stayed_among_those_who_were_in_both(section: Section):
    chart = chart_moves(section)
    said = chart.sentence.striptags()
    assert "From 1 Mar 2026 to 1 Apr 2026, 97% of the customers" in said
    assert "agree by 0.88" in said
    assert 'data-value="37"' in chart.sentence
    texts = re.findall(r">([^<>]+)</text>", chart.wide)
    assert {"new", "gone", "rich", "poor"} <= {text.strip() for text in texts}


def test_what_there_are_no_rows_for_is_not_drawn(found: Segmentation):
    (clusters,) = lay_out_sections(Segmentation(trials=found.trials))
    assert set(draw_section(clusters)) == {"elbow", "silhouette"}
    (first_run,) = lay_out_sections(replace(found, trials=(), moves=()))
    assert set(draw_section(first_run)) == {"profiles", "value"}


def test_the_page_has_segments_escaped_or_says_what_to_run(
    findings: Findings, empty: Findings, origin: Origin, found: Segmentation
):
    def page(one: Findings) -> str:
        return render_page(one, origin, title="t", algorithm="user_knn")

    html = page(replace(findings, segmentation=found))
    assert "bank &lt;b&gt;" in html
    assert BANK not in html
    assert "rich: $ &lt; 3 &amp; $" in html
    assert "40 customers in 2 segments, as of 1 Apr 2026" in html
    assert "run <code>segment_customers</code>" in page(empty)
