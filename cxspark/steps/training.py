"""Events as what recommenders learn from: the rooms' transforms, put together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.keeping import keep, release
from cxspark.distance import count_blocks, pack_rows
from cxspark.matrix.user_item import aggregate_user_item
from cxspark.matrix.weights import as_billionths, from_billionths, weight_by_type
from cxspark.neighbors.popularity import cells_by_item_rank, measure_cells, rank_items

_BLOCK_ROWS = 2048


class EventTraining:
    """Events before an instant, as an ``evaluation.Training``.

    What is computed is kept until ``release``: several recommenders learn from the same rows.

    Args:
        events: silver.events before the instant.
        at: the instant to which weights decay.
        weights: by event type; other types count nothing.
        asked: user_id, the users to recommend for, none of them twice; all where None.
    """

    def __init__(
        self,
        events: DataFrame,
        *,
        at: datetime,
        weights: Mapping[str, float],
        asked: DataFrame | None = None,
    ) -> None:
        self._at, self._weights, self._asked = at, weights, asked
        self._events = events.where(F.col("event_type").isin(*weights))
        self._kept: dict[tuple[str, float | None], DataFrame] = {}
        cells = self.cells(None)
        n_users = measure_cells(cells).collect()[0]["n_users"]
        self._n_blocks = count_blocks(n_users, block_rows=_BLOCK_ROWS)
        self._items = keep(rank_items(cells, recent_micros=None))
        self._n_items = self._items.count()

    @property
    def n_items(self) -> int:
        """Items that anyone has."""
        return self._n_items

    @property
    def items(self) -> DataFrame:
        """The catalogue (``RANKED_ITEMS``)."""
        return self._items

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

    def popularity(self, half_lives: Sequence[float | None]) -> NDArray[np.float64]:
        """Half-lives x items, summed in one pass over the events."""
        weight = weight_by_type(self._weights, other_weight=0.0)
        sums = [
            F.sum(as_billionths(weight, half_life_days=days, reference_at=self._at))
            for days in half_lives
        ]
        totals = self._events.groupBy("item_id").agg(
            F.array(*map(from_billionths, sums)).alias("totals")
        )
        found = self._items.select("item_id", "column_index").join(totals, "item_id")
        table = found.select("column_index", "totals").orderBy("column_index").toArrow()
        numbers: NDArray[np.float64] = table["totals"].combine_chunks().values.to_numpy()
        return np.maximum(numbers.reshape(self._n_items, len(half_lives)).T, 0.0)

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
