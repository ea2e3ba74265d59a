"""What is popular, for all the same: at any time, or lately."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from cxspark.evaluation.recommender import Training
from cxspark.factorization.scoring import Scorer, Scores, ScoringRecommender


@dataclass(frozen=True)
class Popular(ScoringRecommender):
    """Items by all users' weights together.

    A user's own row plays no part, but that what she has is left out.

    Attributes:
        popular_half_lives: days after which a weight counts half: a variant each; None for no
            decay, which makes it the popularity of all time.
        popular_windows: days before the instant that count, each in full: a variant each.
    """

    popular_half_lives: tuple[float | None, ...] = (None,)
    popular_windows: tuple[float, ...] = ()
    algorithm: ClassVar[str] = "popular"

    @property
    def half_life_days(self) -> None:
        """Rows play no part."""

    @property
    def variants(self) -> Sequence["Popular"]:
        """One for each half-life, then one for each window."""
        return [
            replace(self, popular_half_lives=half_lives, popular_windows=windows)
            for half_lives, windows in one_by_one(self.popular_half_lives, self.popular_windows)
        ]

    def fit(self, training: Training) -> Scorer:
        """Cost: one pass over the events, of any number of half-lives and windows."""
        found = training.popularity(self.popular_half_lives, self.popular_windows)
        return PopularityScorer(found.astype(np.float32))


@dataclass(frozen=True)
class PopularRecently(Popular):
    """The same of late, by decay or window: what time-aware popularity is to be chosen from."""

    popular_half_lives: tuple[float | None, ...] = (7.0,)
    algorithm: ClassVar[str] = "popular_recent"


@dataclass(frozen=True)
class PopularityScorer:
    """Scores that are the same for all users.

    Attributes:
        weights: variants x items.
    """

    weights: NDArray[np.float32]

    def score(self, rows: csr_matrix) -> Iterator[Scores]:
        """The items' weights, for each user."""
        for weights in self.weights:
            yield np.broadcast_to(weights, (rows.shape[0], weights.size))


def one_by_one(
    half_lives: Sequence[float | None], windows: Sequence[float]
) -> list[tuple[tuple[float | None, ...], tuple[float, ...]]]:
    """Each way of popularity by itself, in the order of ``Training.popularity``.

    Example:
        >>> one_by_one([7.0], [14.0, 28.0])
        [((7.0,), ()), ((), (14.0,)), ((), (28.0,))]
    """
    return [((one,), ()) for one in half_lives] + [((), (one,)) for one in windows]
