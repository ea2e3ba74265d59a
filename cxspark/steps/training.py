"""Events as what recommenders learn from: the rooms' transforms, put together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.keeping import keep, release
from cxspark.distance import count_blocks, pack_rows
from cxspark.evaluation import count_leaks, refuse_leak
from cxspark.matrix.user_item import aggregate_user_item
from cxspark.matrix.weights import PRECISION, as_billionths, from_billionths, weight_by_type
from cxspark.neighbors.popularity import (
    cells_by_item_rank,
    measure_cells,
    rank_items,
    recent_since,
)
from cxspark.neighbors.settings import RecommendKnnSettings

BLOCK_ROWS = 2048
"""Users of a block, at most."""


class EventTraining:
    """Events before an instant, as an ``evaluation.Training``.

    What is computed is kept until ``release``: several recommenders learn from the same rows.

    Args:
        events: silver.events before the instant.
        at: the instant to which weights decay.
        weights: by event type; other types count nothing.
        popularity_cap: the most, and the least, that one user adds to an item's popularity; None
            for no cap.
        asked: user_id, the users to recommend for, none of them twice; all where None.

    Raises:
        ContractError: an event isn't before the instant.
    """

    def __init__(
        self,
        events: DataFrame,
        *,
        at: datetime,
        weights: Mapping[str, float],
        popularity_cap: float | None = None,
        asked: DataFrame | None = None,
    ) -> None:
        self._at, self._weights, self._cap, self._asked = at, weights, popularity_cap, asked
        self._events = events.where(F.col("event_type").isin(*weights))
        self._kept: dict[tuple[str, float | None], DataFrame] = {}
        cells = self.cells(None)
        known = measure_cells(cells).collect()[0]
        latest = cells.select(F.col("last_at").alias("event_at"))
        n_leaks = count_leaks(latest, at=at).collect()[0]["n_leaks"]
        refuse_leak(n_leaks, table=SILVER_EVENTS.name, at=at)
        self._n_blocks = count_blocks(known["n_users"], block_rows=BLOCK_ROWS)
        recent = recent_since(known["newest_micros"], days=RecommendKnnSettings().popular_days)
        self._items = keep(rank_items(cells, recent_micros=recent))
        self._n_items = self._items.count()

    @property
    def n_items(self) -> int:
        """Items that anyone has."""
        return self._n_items

    @property
    def items(self) -> DataFrame:
        """The catalogue (``RANKED_ITEMS``)."""
        return self._items

    @property
    def asked(self) -> DataFrame | None:
        """user_id, those to recommend for; everyone where None."""
        return self._asked

    def cells(self, half_life_days: float | None) -> DataFrame:
        """The user-item matrix (``USER_ITEM``), decayed to the instant."""
        return self._keep(
            ("cells", half_life_days),
            lambda: aggregate_user_item(
                self._events,
                weights=self._weights,
                other_weight=0.0,
                half_life_days=half_life_days,
                reference_at=self._at,
            ),
        )

    def rows(self, half_life_days: float | None) -> DataFrame:
        """All users' rows in blocks."""
        return self._keep(("rows", half_life_days), lambda: self._packed(half_life_days, None))

    def queries(self, half_life_days: float | None) -> DataFrame:
        """The rows of those asked for, in blocks."""
        if self._asked is None:
            return self.rows(half_life_days)
        return self._keep(
            ("queries", half_life_days), lambda: self._packed(half_life_days, self._asked)
        )

    def popularity(
        self, half_lives: Sequence[float | None], windows: Sequence[float] = ()
    ) -> NDArray[np.float64]:
        """(Half-lives, then windows) x items, in one pass over the events.

        So that no one user makes an item popular, what she adds to it is cut at the cap: a shuffle
        of the events by user and item comes before that by item.
        """
        weight = weight_by_type(self._weights, other_weight=0.0)
        parts = [
            as_billionths(weight, half_life_days=days, reference_at=self._at) for days in half_lives
        ]
        for days in windows:
            is_recent = F.col("event_at") >= F.lit(self._at - timedelta(days=days))
            full = as_billionths(weight, half_life_days=None, reference_at=None)
            parts.append(F.when(is_recent, full).otherwise(F.lit(0)))
        names = [f"part_{number}" for number in range(len(parts))]
        own = [F.sum(part).alias(name) for name, part in zip(names, parts, strict=True)]
        sums = [from_billionths(F.sum(self._capped(name))) for name in names]
        by_user = self._events.groupBy("user_id", "item_id").agg(*own)
        totals = by_user.groupBy("item_id").agg(F.array(*sums).alias("totals"))
        found = self._items.select("item_id", "column_index").join(totals, "item_id")
        table = found.select("column_index", "totals").orderBy("column_index").toArrow()
        numbers: NDArray[np.float64] = table["totals"].combine_chunks().values.to_numpy()
        return np.maximum(numbers.reshape(self._n_items, len(parts)).T, 0.0)

    def _capped(self, billionths: str) -> Column:
        if self._cap is None:
            return F.col(billionths)
        most = round(self._cap * 10**PRECISION)
        return F.greatest(F.least(F.col(billionths), F.lit(most)), F.lit(-most))

    def release(self) -> None:
        """Let go of all that is kept."""
        release(*self._kept.values(), self._items)
        self._kept.clear()

    def _packed(self, half_life_days: float | None, asked: DataFrame | None) -> DataFrame:
        cells = self.cells(half_life_days)
        if asked is not None:
            cells = cells.join(asked, "user_id", "left_semi")
        return pack_rows(cells_by_item_rank(cells, self._items), n_blocks=self._n_blocks)

    def _keep(self, key: tuple[str, float | None], make: Callable[[], DataFrame]) -> DataFrame:
        if key not in self._kept:
            self._kept[key] = keep(make())
        return self._kept[key]
