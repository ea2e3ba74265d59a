"""The blend: a personal model and what is popular lately, each as far as it helps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.evaluation.recommender import Training
from cxspark.factorization.popularity import one_by_one
from cxspark.factorization.scoring import (
    PersonalRecommender,
    PersonalScorer,
    Scores,
    ScoringRecommender,
)

F = TypeVar("F", np.float32, np.float64)


@dataclass(frozen=True)
class Blend(ScoringRecommender):
    """Each user's personal scores and the items' popularity, both standardised, added up.

    A user of whom the personal model says nothing, or of all items the same, gets what is popular;
    so does everyone where the share is 1.

    Attributes:
        personal: the model of a user's own wishes, without variants.
        popular_half_lives: days after which a weight counts half in the popularity.
        popular_windows: days before the instant that count in it, each in full.
        shares: of the popularity in the sum, from 0 to 1.
    """

    personal: PersonalRecommender
    popular_half_lives: tuple[float | None, ...] = (7.0,)
    popular_windows: tuple[float, ...] = ()
    shares: tuple[float, ...] = (0.5,)
    algorithm: ClassVar[str] = "blend"

    @property
    def half_life_days(self) -> float | None:
        """Of the rows that the personal model is shown."""
        return self.personal.half_life_days

    @property
    def variants(self) -> Sequence["Blend"]:
        """One for each way of popularity and share."""
        ways = one_by_one(self.popular_half_lives, self.popular_windows)
        return [
            replace(self, popular_half_lives=half_lives, popular_windows=windows, shares=(share,))
            for (half_lives, windows), share in product(ways, self.shares)
        ]

    def fit(self, training: Training) -> "BlendScorer":
        """Cost: the personal model's, and one pass over the events."""
        popularity = np.log1p(training.popularity(self.popular_half_lives, self.popular_windows))
        return BlendScorer(
            self.personal.fit(training), standardised(popularity).astype(np.float32), self.shares
        )


@dataclass(frozen=True)
class BlendScorer:
    """A personal scorer's scores and popularity, added up.

    Attributes:
        personal: a scorer of one variant.
        popularity: ways of popularity x items, standardised.
        shares: of the popularity.
    """

    personal: PersonalScorer
    popularity: NDArray[np.float32]
    shares: tuple[float, ...]

    def score(self, rows: csr_matrix) -> Iterator[Scores]:
        """For each way of popularity and share: users x items."""
        yield from self.hear(rows)[1]

    def hear(self, rows: csr_matrix) -> tuple[NDArray[np.bool_], Iterator[Scores]]:
        """Of whom the personal model says anything; and the scores as ``score`` has them."""
        (scores,) = self.personal.score(rows)
        personal = standardised(scores)
        is_heard = np.asarray(personal.any(axis=1))

        def blends() -> Iterator[Scores]:
            for popularity, share in product(self.popularity, self.shares):
                both = np.float32(1 - share) * personal + np.float32(share) * popularity
                both[~is_heard] = popularity
                yield both

        return is_heard, blends()

    def parts(
        self, rows: csr_matrix, columns: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each weight, and each item's popularity, gave to the scores of items; one variant.

        What is left of a score is the user's average personal score, taken off.

        Args:
            rows: users x items, as for ``score``.
            columns: users x n, items; -1 for none.

        Returns:
            Entries of ``rows`` x n, and users x n.
        """
        (share,), (popularity,) = self.shares, self.popularity
        (scores,) = self.personal.score(rows)
        deviation = scores.std(axis=1, dtype=np.float64)
        unit = np.divide(1 - share, deviation, out=np.zeros_like(deviation), where=deviation > 0)
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        given = self.personal.parts(rows, columns) * unit[owner, None]
        return given, share * popularity.astype(np.float64)[columns]


def standardised(scores: NDArray[F]) -> NDArray[F]:
    """Each row with mean 0 and deviation 1; zeros where all of it is the same.

    Example:
        >>> standardised(np.array([[1.0, 3.0], [2.0, 2.0]])).tolist()
        [[-1.0, 1.0], [0.0, 0.0]]
    """
    centred = scores - scores.mean(axis=-1, keepdims=True)
    deviation = centred.std(axis=-1, keepdims=True)
    result: NDArray[F] = np.zeros_like(centred)
    np.divide(centred, deviation, out=result, where=deviation > 0)
    return result
