"""The newest comparison of recommenders as the page shows it: a board, for all and by segment."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Row

from cxspark.evaluation import ALL_USERS
from cxspark.evaluation.leaderboard import finding
from cxspark.evaluation.selection import CHOSEN_BY
from cxspark.report.models import settings_in_words

# What a column of the board shows beside the metric that models are chosen by, and its heading.
_OTHERS = {
    "recall": "Recall",
    "average_precision": "Average precision",
    "reciprocal_rank": "Reciprocal rank",
    "hit_rate": "Hit rate",
    "coverage": "Coverage",
    "novelty": "Novelty",
    "diversity": "Diversity",
    "popular_share": "Popular share",
}


@dataclass(frozen=True)
class Standing:
    """One model among the others.

    Attributes:
        algorithm: its name.
        chosen_by: its row of the metric that models are chosen by.
        others: metric -> its row, of those in the board's columns that it has.
        seconds: to learn and to rank for all; None where nobody took the time.
        role: its colour.
    """

    algorithm: str
    chosen_by: Row
    others: Mapping[str, Row]
    seconds: float | None
    role: str


@dataclass(frozen=True)
class Group:
    """A segment of the users: how the default did there, and the baseline, if it has lists."""

    name: str
    default: Row
    baseline: Row | None


@dataclass(frozen=True)
class Board:
    """All models, the best first.

    Attributes:
        standings: at least one.
        columns: metric -> heading, of the other metrics that some model has.
        default: the model that the suite would deploy; None where it wasn't judged.
        baseline: what it is compared with; None where nothing was.
        groups: segments, by the first number in their names; none without a default.
        finding: whether the default is better than the baseline, in a sentence.
        protocol: how it was judged; a row of the default's, or of the best's.
        tried: algorithm -> settings tried, windows, and the chosen settings in words.
    """

    standings: Sequence[Standing]
    columns: Mapping[str, str]
    default: str | None
    baseline: str | None
    groups: Sequence[Group]
    finding: str
    protocol: Row
    tried: Sequence[tuple[Row, str]]


def lay_out_board(metrics: Sequence[Row], trials: Sequence[Row]) -> Board | None:
    """The board of one run; None where no model has the metric that models are chosen by.

    Args:
        metrics: `select_metrics`.
        trials: `summarize_trials`.
    """
    of_all = [row for row in metrics if row["segment"] == ALL_USERS]
    chosen_by = {row["algorithm"]: row for row in of_all if row["metric"] == CHOSEN_BY}
    if not chosen_by:
        return None
    ranked = sorted(chosen_by.values(), key=lambda row: (-row["value"], row["algorithm"]))
    default = next((row["algorithm"] for row in ranked if row["is_default"]), None)
    baseline = next((row["baseline"] for row in ranked if row["baseline"]), None)
    roles = {baseline: "series-3", default: "series-1"}
    standings = [
        Standing(
            row["algorithm"],
            row,
            {one["metric"]: one for one in of_all if one["algorithm"] == row["algorithm"]},
            _seconds(row),
            roles.get(row["algorithm"], "series-5"),
        )
        for row in ranked
    ]
    present = {row["metric"] for row in of_all}
    places = {row["algorithm"]: place for place, row in enumerate(ranked)}
    tried = sorted(trials, key=lambda row: (places.get(row["algorithm"], 99), row["algorithm"]))
    return Board(
        standings,
        {name: heading for name, heading in _OTHERS.items() if name in present},
        default,
        baseline,
        _groups(metrics, default, baseline),
        finding([row.asDict() for row in of_all]),
        chosen_by[default] if default else ranked[0],
        [(row, settings_in_words(row["settings"])) for row in tried],
    )


def _seconds(row: Row) -> float | None:
    taken = [row[name] for name in ("fit_seconds", "recommend_seconds") if row[name] is not None]
    return sum(taken) if taken else None


def _groups(metrics: Sequence[Row], default: str | None, baseline: str | None) -> list[Group]:
    rows = {
        (row["segment"], row["algorithm"]): row
        for row in metrics
        if row["metric"] == CHOSEN_BY and row["segment"] != ALL_USERS
    }
    names = sorted((segment for segment, name in rows if name == default), key=_first_number)
    return [Group(name, rows[name, default], rows.get((name, baseline))) for name in names]


def _first_number(name: str) -> tuple[int, str]:
    found = re.search(r"\d+", name)
    return int(found[0]) if found else -1, name
