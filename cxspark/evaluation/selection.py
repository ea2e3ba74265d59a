"""Choosing a model's settings by how they did in windows of the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.keeping import release
from cxspark.evaluation.frames import RECOMMENDED
from cxspark.evaluation.hits import match_hits
from cxspark.evaluation.metrics import user_metrics
from cxspark.evaluation.recommender import Recommender, Training

CHOSEN_BY = "ndcg"
_DIGITS = 12


@dataclass(frozen=True)
class Window:
    """What was known, and what users took that they hadn't.

    Attributes:
        since: they took it at this instant or later.
        until: they took it before this one.
        training: what was known; in a split by time, before ``since``.
        held_out: what they took (``HELD_OUT``), of users that the training knows.
        importance: what the window counts in a choice.
        n_new_users: users who took something and aren't judged, as nothing was known of them.
        kept: what is in memory for it, beside the training's own.
        label: which it is of several in the same time.
    """

    since: datetime
    until: datetime
    training: Training
    held_out: DataFrame
    importance: float = 1.0
    n_new_users: int = 0
    kept: Sequence[DataFrame] = ()
    label: str = ""

    def release(self) -> None:
        """Let go of what is kept in memory."""
        self.training.release()
        release(*self.kept)

    def __str__(self) -> str:
        span = f"{self.since.isoformat()}..{self.until.isoformat()}"
        return f"{span}, {self.label}" if self.label else span


@dataclass(frozen=True)
class Trial:
    """How one setting of a model did in one window."""

    recommender: Recommender
    window: Window
    value: float
    n_users: int


class Selection:
    """The settings with the best mean of nDCG over windows of the past.

    Args:
        candidates: what is to be chosen from, variants included.
        k: places of a list that count.

    Attributes:
        trials_: one per candidate's variant x window.
        best_: the one chosen; of equal ones the first.
        value_: its mean over the windows, by their importance.
    """

    def __init__(self, candidates: Sequence[Recommender], *, k: int) -> None:
        self.candidates = candidates
        self.k = k

    def fit(self, windows: Sequence[Window]) -> Self:
        """Try all candidates in all windows: each is fitted once a window, and runs one action."""
        self.trials_: list[Trial] = []
        return self.extend(self.candidates, windows)

    def extend(self, candidates: Sequence[Recommender], windows: Sequence[Window]) -> Self:
        """Try further candidates, but for what was tried, and choose from all that were."""
        tried = {trial.recommender for trial in self.trials_}
        untried = [one for one in dict.fromkeys(candidates) if not tried.issuperset(one.variants)]
        self.trials_ += [
            trial
            for window in windows
            for candidate in untried
            for trial in _try_variants(candidate, window, k=self.k)
        ]
        total = sum(window.importance for window in windows)
        sums: dict[Recommender, float] = {}
        for trial in self.trials_:
            share = trial.window.importance / total
            sums[trial.recommender] = sums.get(trial.recommender, 0.0) + share * trial.value
        # Means are summed in whatever order rows come: what differs by rounding alone is equal.
        self.best_ = max(sums, key=lambda one: round(sums[one], _DIGITS))
        self.value_ = sums[self.best_]
        return self


def _try_variants(recommender: Recommender, window: Window, *, k: int) -> list[Trial]:
    """Mean nDCG of each variant over the window's users: one action."""
    ranked = recommender.recommend(window.training, n=k)
    number = F.col("variant").cast("string")
    named = with_items(ranked, window.training).withColumn("algorithm", number)
    numbers = [str(number) for number in range(len(recommender.variants))]
    hits = match_hits(named, window.held_out, k=k, algorithms=numbers)
    by_user = user_metrics(hits, k=k)
    means = by_user.groupBy("algorithm").agg(
        F.avg(CHOSEN_BY).alias("value"), F.count(F.lit(1)).alias("n_users")
    )
    found = {row["algorithm"]: (row["value"], row["n_users"]) for row in means.collect()}
    return [
        Trial(variant, window, *found[number])
        for number, variant in zip(numbers, recommender.variants, strict=True)
    ]


def with_items(ranked: DataFrame, training: Training) -> DataFrame:
    """Lists by column (``RANKED``) as lists by item_id: a broadcast join, no shuffle."""
    items = F.broadcast(training.items.select("item_id", "column_index"))
    kept = [name for name in RECOMMENDED.columns if name not in ("algorithm", "item_id")]
    return ranked.join(items, "column_index").select("variant", *kept, "item_id", "score")
