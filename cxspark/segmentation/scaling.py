"""Customers' features as points, so that distances between them mean something."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pyspark.ml.functions import array_to_vector
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError, ContractError

Matrix = NDArray[np.float64]
_PARTITION_ROWS = 25_000


class Scaler:
    """Numeric features to points and back: (f(x) - mean) / standard deviation * sqrt(weight).

    f is the signed logarithm, sign(x) * log(1 + abs(x)), for the features named in `log`, else x.
    A customer who lacks one of the features is left out: a guess would place her.

    Args:
        names: the numbers of `FEATURE_ROWS`, in their order.
        by: those that make a point, in its order; None: all.
        standardise: whether means are taken off and deviations divided by (of the population).
        log: features taken by their logarithm, where they make a point.
        weights: feature -> what its squared differences count; 1 where not named.

    Attributes:
        n_users_: customers with all features.
        n_incomplete_: customers left out.
        constant_: features that are the same for all; they separate nobody, and are no part of
            any distance.
        means_, deviations_: of f(x), by feature.

    Raises:
        ConfigError: `by`, `log` or `weights` names what isn't a feature, or there is none.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        by: Sequence[str] | None = None,
        standardise: bool = True,
        log: Sequence[str] = (),
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.by = tuple(names if by is None else by)
        _require(self.by, names, "numbers to cluster by")
        _require(log, names, "log")
        _require(weights or {}, names, "weights")
        self.standardise = standardise
        self._places = [list(names).index(name) for name in self.by]
        self._is_log = np.array([name in log for name in self.by])
        self._roots = np.sqrt([(weights or {}).get(name, 1.0) for name in self.by])

    def fit(self, rows: DataFrame) -> Self:
        """Learn means and deviations of the customers (`FEATURE_ROWS`) who have all features.

        Raises:
            ContractError: nobody has all features, or all customers are alike.

        Cost: one pass, no shuffle of customers.
        """
        flagged = rows.select(self._is_complete().alias("is_complete"), *self._values())
        known = [F.when(F.col("is_complete"), F.col(name)) for name in flagged.columns[1:]]
        told = [F.count(F.lit(1)), F.count_if("is_complete")]
        told += [function(one) for one in known for function in (F.avg, F.stddev_pop)]
        told += [function(one) for one in known for function in (F.min, F.max)]
        (found,) = flagged.agg(*(one.alias(f"a{i}") for i, one in enumerate(told))).collect()
        n_rows, self.n_users_, *numbers = found
        self.n_incomplete_ = n_rows - self.n_users_
        _require_users(self.n_users_, n_rows, self.by)
        moments = np.array(numbers, np.float64).reshape(2, -1, 2)
        self.means_, self.deviations_ = moments[0].T
        is_constant = moments[1, :, 0] == moments[1, :, 1]
        self.deviations_[is_constant] = 0.0
        self.constant_ = [name for name, same in zip(self.by, is_constant, strict=True) if same]
        if len(self.constant_) == len(self.by):
            raise ContractError(
                "clustering",
                "customers who differ",
                f"{self.n_users_} with the same {', '.join(self.by)}",
                "choose other features",
            )
        return self

    def transform(self, rows: DataFrame) -> DataFrame:
        """One row per user_id with all features: user_id, point (vector of MLlib).

        The rows lie by user_id, 25,000 to a partition, whatever order they came in and whatever
        the session's settings: what starts from a seed, starts from the same rows.

        Cost: one shuffle of the customers.
        """
        centre, factor = self._affine()
        scaled = [
            (value - F.lit(float(a))) * F.lit(float(b))
            for value, a, b in zip(self._values(), centre, factor, strict=True)
        ]
        points = rows.where(self._is_complete()).select(
            "user_id", array_to_vector(F.array(*scaled)).alias("point")
        )
        parted = points.repartition(math.ceil(self.n_users_ / _PARTITION_ROWS), "user_id")
        ordered = parted.sortWithinPartitions("user_id")
        return ordered.select("user_id", "point")

    def to_units(self, points: Matrix) -> Matrix:
        """Points in the features' own units; of a constant feature, its value."""
        inverse = self._inverse(points)
        unfolded = np.sign(inverse) * np.expm1(np.where(self._is_log, np.abs(inverse), 0.0))
        return np.where(self._is_log, unfolded, inverse)

    def to_deviations(self, points: Matrix) -> Matrix:
        """How many standard deviations points are from the mean of f(x); 0 of a constant one."""
        spread = np.where(self.deviations_ > 0, self.deviations_, 1.0)
        return np.asarray((self._inverse(points) - self.means_) / spread)

    def _inverse(self, points: Matrix) -> Matrix:
        centre, factor = self._affine()
        moved = np.divide(points, factor, out=np.zeros_like(points), where=factor > 0)
        return np.where(factor > 0, moved + centre, self.means_)

    def _affine(self) -> tuple[Matrix, Matrix]:
        """What is taken off, and what the rest is multiplied by."""
        varies = self.deviations_ > 0
        if not self.standardise:
            return np.zeros_like(self.means_), varies * self._roots
        nothing = np.zeros_like(self.means_)
        return self.means_, np.divide(self._roots, self.deviations_, out=nothing, where=varies)

    def _values(self) -> list[Column]:
        """f(x) of each feature, as columns f0, f1, ..."""
        return [
            (F.signum(one) * F.log1p(F.abs(one)) if is_log else one).alias(f"f{place}")
            for place, (one, is_log) in enumerate(zip(self._numbers(), self._is_log, strict=True))
        ]

    def _is_complete(self) -> Column:
        return reduce(and_, (one.isNotNull() for one in self._numbers()))

    def _numbers(self) -> list[Column]:
        return [F.get("numbers", F.lit(place)) for place in self._places]


def _require(named: Sequence[str] | Mapping[str, float], known: Sequence[str], what: str) -> None:
    unknown = [name for name in named if name not in known]
    if unknown or not known:
        raise ConfigError(
            f"clustering, {what}",
            f"features that are there: {', '.join(known) or 'none'}",
            ", ".join(unknown) or "none",
            "correct the names, or choose numbers in features",
        )


def _require_users(n_users: int, n_rows: int, by: Sequence[str]) -> None:
    if not n_users:
        raise ContractError(
            "clustering",
            f"customers with all of {', '.join(by)}",
            f"none of {n_rows}",
            "choose features that customers have, or take in a snapshot that has them",
        )
