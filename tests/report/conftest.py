"""What a page is made of, by hand: no Spark."""

from datetime import UTC, date, datetime

import pytest
from pyspark.sql import Row

from cxspark.report.findings import CloseUp, Evaluation, Findings, Origin

EVIL = "<script>alert('x')</script> & $\\sons$"
NOTHING = Row(n_events=0, n_users=0, first_day=None, last_day=None)

N_USERS = {"all": 100, "history of 6-20 items": 60, "history of 21+ items": 40}
# Model -> nDCG@10, and seconds to fit.
QUALITY = {"blend": (0.12, 3.0), "als": (0.09, 9.5), "popular_recent": (0.08, 0.25)}


def metric_row(algorithm: str, segment: str, name: str, value: float) -> Row:
    """A row of ops.model_metrics: blend is the default, popular_recent what it must beat."""
    difference = None if algorithm == "popular_recent" else value - QUALITY["popular_recent"][0]
    return Row(
        run_id="r<7>",
        algorithm=algorithm,
        segment=segment,
        metric=name,
        k=10,
        value=value,
        low=value - 0.01,
        high=value + 0.01,
        n_users=N_USERS[segment],
        baseline=None if difference is None else "popular_recent",
        difference=difference,
        difference_low=None if difference is None else difference - 0.015,
        difference_high=None if difference is None else difference + 0.015,
        is_default=algorithm == "blend",
        fit_seconds=QUALITY[algorithm][1],
        recommend_seconds=0.5,
        settings="{}",
        split="time, train share 0.8; test a..b",
        candidates="all items",
        formula="Gain by the best there can be.",
        seed=42,
        input="silver.events@3",
    )


@pytest.fixture(scope="session")
def evaluation() -> Evaluation:
    """Three models, by nDCG in three segments and by hit rate in all."""
    metrics = [
        metric_row(name, segment, "ndcg", value)
        for name, (value, _) in QUALITY.items()
        for segment in N_USERS
    ]
    metrics += [metric_row(name, "all", "hit_rate", 2 * QUALITY[name][0]) for name in QUALITY]
    trials = [
        Row(algorithm="als", n_trials=4, n_windows=2, settings='{"algorithm": "als", "rank": 8}'),
        Row(algorithm="blend", n_trials=42, n_windows=2, settings="<i>"),
    ]
    return Evaluation(metrics, trials)


@pytest.fixture(scope="session")
def origin() -> Origin:
    made_at = datetime(2026, 11, 23, 20, 5, tzinfo=UTC)
    return Origin(made_at, "run-7", {"silver.events": 3, "gold.user_item": 12}, "cxspark 1.2.3")


@pytest.fixture(scope="session")
def empty() -> Findings:
    return Findings(
        loads=[],
        reasons=[],
        meanings={},
        events=NOTHING,
        types=[],
        activity=[],
        unit="day",
        item_sizes=[],
        user_sizes=[],
        reach_sizes=[],
        matrix=Row(n_users=0, n_items=0, n_cells=0),
        distances=[],
        recommendations=[],
        recommended=[],
    )


@pytest.fixture(scope="session")
def findings() -> Findings:
    day = date(2026, 3, 2)
    reasons = [
        Row(kind="neighbor", id="v", distance=0.5, contribution=3.0),
        Row(kind="neighbor", id="gone", distance=None, contribution=1.0),
    ]
    return Findings(
        loads=[
            Row(
                source="shop",
                n_files=2,
                n_records=1500,
                n_accepted=1200,
                n_duplicates=200,
                n_quarantined=100,
            )
        ],
        reasons=[Row(reason="no_user", n_records=100, file="s3://b/a.csv", record_number=4)],
        meanings={"no_user": ("nobody acted", "map another column")},
        events=Row(n_events=1200, n_users=3, first_day=day, last_day=day),
        types=[Row(event_type=EVIL, n_events=900), Row(event_type="other", n_events=200)],
        activity=[
            Row(period=day, event_type=EVIL, n_events=900),
            Row(period=day, event_type="other", n_events=300),
        ],
        unit="day",
        item_sizes=[
            Row(doubling=10, n_groups=1, n_rows=1100),
            Row(doubling=4, n_groups=4, n_rows=100),
        ],
        user_sizes=[Row(doubling=1, n_groups=1, n_rows=3), Row(doubling=0, n_groups=2, n_rows=2)],
        reach_sizes=[Row(doubling=0, n_groups=2, n_rows=2)],
        matrix=Row(n_users=3, n_items=5, n_cells=5),
        distances=[Row(metric="cosine", bin=0, low=0.0, high=0.1, n_nearest=2, n_others=1)],
        recommendations=[Row(origin="neighbors", n_recommendations=2, n_users=1)],
        recommended=[Row(item_id="i1", n_users=1), Row(item_id="<i>2", n_users=1)],
        close_up=CloseUp(
            users=["u<b>", "stranger"],
            facts=[Row(user_id="u<b>", n_items=1, n_events=2, first_day=day, last_day=day)],
            history=[
                Row(
                    user_id="u<b>",
                    rank=1,
                    item_id="i3",
                    weight=2.0,
                    n_events=2,
                    last_day=day,
                    actions=[Row(n_events=2, event_type="view")],
                )
            ],
            suggestions=[
                Row(
                    algorithm="user_knn",
                    user_id="u<b>",
                    rank=1,
                    item_id="i1",
                    score=4.0,
                    origin="neighbors",
                    reasons=reasons,
                ),
                Row(
                    algorithm="user_knn",
                    user_id="u<b>",
                    rank=2,
                    item_id="i9",
                    score=1.0,
                    origin="popular",
                    reasons=[],
                ),
            ],
            neighbors=[
                Row(
                    user_id="u<b>",
                    rank=1,
                    neighbor_id="v",
                    distance=0.5,
                    metric="cosine",
                    n_shared=1,
                )
            ],
        ),
        names={"i1": EVIL},
    )
