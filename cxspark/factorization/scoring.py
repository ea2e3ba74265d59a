"""From scores of the whole catalogue to lists, block by block of users."""

import sys
from abc import abstractmethod
from collections.abc import Iterator
from functools import partial
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from cxspark.contracts.checks import require_columns
from cxspark.distance import ROW_BLOCKS, RowBlock, spare_modules, widened
from cxspark.evaluation.recommender import RANKED, Recommender, Training
from cxspark.factorization.cuts import row_cuts
from cxspark.factorization.greatest import best_columns

Scores = NDArray[np.float32]

# Scores looked at together: 32 MB, however many items there are.
_CHUNK_SCORES = 8_000_000


class Scorer(Protocol):
    """What was learnt; it goes to the workers."""

    def score(self, rows: csr_matrix) -> Iterator[Scores]:
        """For each variant, users x items: greater is better.

        Args:
            rows: users x items, weights decayed as the recommender asked; no negative ones.
        """
        ...


class PersonalScorer(Scorer, Protocol):
    """A scorer whose scores are sums over what the user has."""

    def parts(self, rows: csr_matrix, columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """What each weight gave to the scores of items: they add up to ``score``, but for rounding.

        Args:
            rows: users x items, as for ``score``.
            columns: users x n, items; -1 for none.

        Returns:
            Entries of ``rows`` x n; zero where there is no item.
        """
        ...


class ScoringRecommender(Recommender):
    """A recommender that scores every item for a user from her row alone.

    So it serves users that training hasn't seen: a row is all it takes.
    """

    @abstractmethod
    def fit(self, training: Training) -> Scorer:
        """Learn from the training's rows; runs actions."""

    def recommend(self, training: Training, *, n: int) -> DataFrame:
        """The n best of each query: ``RANKED``."""
        queries = training.queries(self.half_life_days)
        return rank_by_scores(queries, self.fit(training), n_items=training.n_items, n=n)


class PersonalRecommender(ScoringRecommender):
    """A recommender that goes by a user's own wishes, and can tell which of them."""

    @abstractmethod
    def fit(self, training: Training) -> PersonalScorer:
        """Learn from the training's rows; runs actions."""


def rank_by_scores(blocks: DataFrame, scorer: Scorer, *, n_items: int, n: int) -> DataFrame:
    """The n best items that each user hasn't, for every variant of the scorer.

    Args:
        blocks: users' rows (``distance.ROW_BLOCKS``).
        scorer: travels with the task; PySpark broadcasts it by itself above 1 MB.
        n_items: columns there are.
        n: items per user.

    Returns:
        ``RANKED``; ties by the smaller column. Items seen are left out before the cut.

    Cost: no shuffle. A worker holds a block, the scorer and 8 million scores.
    """
    require_columns(blocks, ROW_BLOCKS)
    rank = partial(_rank, scorer=scorer, n_items=n_items, n=n)
    ranked = blocks.select("rows").mapInArrow(rank, RANKED.schema)
    return ranked.select(*RANKED.columns)


def users_together(n_items: int) -> int:
    """How many users' scores of all items are in memory at once."""
    return max(1, _CHUNK_SCORES // max(1, n_items))


def users_at_a_time(
    batches: Iterator[pa.RecordBatch], *, n_items: int, cells: int = sys.maxsize
) -> Iterator[tuple[pa.StringArray, csr_matrix, csr_matrix]]:
    """So many users at a time that their scores fit in memory, however many items there are.

    Args:
        batches: ``rows`` of ``distance.ROW_BLOCKS``.
        n_items: columns there are.
        cells: what they have, at most, unless one has more.

    Yields:
        Who; what they have, users x items; and of that what has a positive weight.
    """
    spare_modules()
    together = users_together(n_items)
    for batch in batches:
        for stream in batch["rows"]:
            block = RowBlock.from_bytes(stream.as_buffer())
            rows = widened(block.matrix, n_items)
            for some in row_cuts(rows.indptr, rows=together, cells=cells):
                seen = rows[some]
                weights = seen.copy()
                weights.eliminate_zeros()
                yield block.ids[some], seen, weights


def _rank(
    batches: Iterator[pa.RecordBatch], *, scorer: Scorer, n_items: int, n: int
) -> Iterator[pa.RecordBatch]:
    for ids, seen, weights in users_at_a_time(batches, n_items=n_items):
        yield from _ranked(ids, seen, scorer.score(weights), n)


def _ranked(
    ids: pa.StringArray, seen: csr_matrix, scores_by_variant: Iterator[Scores], n: int
) -> Iterator[pa.RecordBatch]:
    for variant, scores in enumerate(scores_by_variant):
        best = best_columns(scores, seen, n=n)
        users, places = np.nonzero(best >= 0)
        columns = best[users, places]
        found = [
            pa.repeat(pa.scalar(variant, pa.int32()), users.size),
            ids.take(pa.array(users)),
            pa.array(places + 1, pa.int32()),
            pa.array(columns, pa.int32()),
            pa.array(scores[users, columns].astype(np.float64)),
        ]
        yield pa.RecordBatch.from_arrays(found, names=RANKED.columns)
