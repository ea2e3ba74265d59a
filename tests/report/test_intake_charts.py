from datetime import date

import pytest
from pyspark.sql import Row

from cxspark.report.intake_charts import _count_periods, chart_activity, chart_intake


def load(*counts: int) -> Row:
    names = ("n_files", "n_records", "n_accepted", "n_duplicates", "n_quarantined")
    return Row(**dict(zip(names, counts, strict=True)))


def event(day: date, kind: str, n: int) -> Row:
    return Row(period=day, event_type=kind, n_events=n)


def test_the_intake_is_summed_over_the_sources() -> None:
    chart = chart_intake([load(2, 3000, 2400, 500, 100), load(1, 1000, 1000, 0, 0)])
    assert chart.sentence.striptags() == (
        "Of 4,000 records in 3 files, 3,400 (85%) became events, 500 were there already and 100 "
        "were set aside: every record is accounted for."
    )
    assert "3,400 · 85%" in chart.wide


def test_an_empty_file_is_an_intake_too() -> None:
    assert "Of 0 records in 1 file" in chart_intake([load(1, 0, 0, 0, 0)]).sentence.striptags()


@pytest.mark.parametrize(
    ("unit", "days", "n_periods"),
    [
        ("day", (date(2026, 2, 27), date(2026, 3, 2)), 4),
        ("week", (date(2026, 3, 2), date(2026, 3, 16)), 3),
        ("month", (date(2025, 12, 1), date(2026, 3, 1)), 4),
        ("year", (date(2023, 1, 1), date(2026, 1, 1)), 4),
        ("day", (date(2026, 3, 2), date(2026, 3, 2)), 1),
    ],
)
def test_periods_without_events_are_there(
    unit: str, days: tuple[date, date], n_periods: int
) -> None:
    first, last = days
    edges, counts = _count_periods(
        [event(first, "view", 5), event(last, "cart", 7)], ["view", "cart"], unit
    )
    assert counts.sum(axis=1).tolist() == [5, 7]
    assert counts.shape == (2, n_periods)
    assert (counts[0, 0], counts[1, -1]) == (5, 7)
    assert edges[0] == first
    assert len(edges) == n_periods + 1


def test_the_busiest_day_and_the_commonest_type_are_told() -> None:
    days = [date(2026, 3, 2), date(2026, 3, 4)]
    rows = [event(days[0], "view", 3), event(days[1], "cart", 1), event(days[1], "view", 3)]
    chart = chart_activity(rows, ["view", "cart"], "day")
    assert chart.sentence.striptags() == (
        "The busiest day was 4 Mar 2026, with 4 events; 86% of all events are “view”."
    )
    assert [label for label, _ in chart.legend] == ["view", "cart"]
