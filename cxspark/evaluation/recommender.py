"""What a recommender is: something that learns from the past and ranks the whole catalogue."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql.types import DoubleType, IntegerType, StringType, StructType

from cxspark.contracts.table import Table, column

RANKED = Table(
    name="ranked",
    grain="one row per variant x user_id x rank",
    schema=StructType(
        [
            column("variant", IntegerType(), "number of the recommender's variant, from 0"),
            column("user_id", StringType(), "for whom"),
            column("rank", IntegerType(), "from 1, the best first"),
            column("column_index", IntegerType(), "what: the item's column"),
            column("score", DoubleType(), "comparable within one variant and user"),
        ]
    ),
    key=("variant", "user_id", "rank"),
)


class Training(Protocol):
    """What happened before an instant: all that a recommender may learn from.

    Items are numbered by how many users have them, ties by item_id: where scores are equal, the
    smaller column wins, and so the more popular item.
    """

    @property
    def n_items(self) -> int:
        """Items that anyone has; the columns are 0 to n_items - 1."""
        ...

    @property
    def items(self) -> DataFrame:
        """The catalogue: column_index, item_id, n_users (who have it) and n_recent."""
        ...

    def rows(self, half_life_days: float | None) -> DataFrame:
        """All users' weights in blocks (``distance.ROW_BLOCKS``), decayed to the instant.

        An item without a positive weight is a zero: the user has it, and that is all it says.
        """
        ...

    def queries(self, half_life_days: float | None) -> DataFrame:
        """The same for the users to recommend for."""
        ...

    def cells(self, half_life_days: float | None) -> DataFrame:
        """The user-item matrix (``USER_ITEM``), decayed to the instant."""
        ...

    @property
    def asked(self) -> DataFrame | None:
        """user_id, those to recommend for; everyone where None."""
        ...

    def popularity(
        self, half_lives: Sequence[float | None], windows: Sequence[float] = ()
    ) -> NDArray[np.float64]:
        """All users' weights together: (half-lives, then windows) x items.

        Args:
            half_lives: days after which a weight counts half; None for no decay.
            windows: days before the instant whose weights count in full, and no others.
        """
        ...

    def release(self) -> None:
        """Let go of what is kept in memory; it can be asked again all the same."""
        ...


class Recommender(ABC):
    """A model with its settings, as a frozen dataclass; it can be fitted to any training.

    A subclass is one module, and its test is one subclass of the contract's suite
    (tests/recommender_contract.py).

    Attributes:
        algorithm: its name in every table.
    """

    algorithm: ClassVar[str]

    @property
    @abstractmethod
    def half_life_days(self) -> float | None:
        """Of the rows it learns from and is shown; None for no decay."""

    @property
    def variants(self) -> "Sequence[Recommender]":
        """The single settings it stands for, which share a fit; itself, where that is one."""
        return (self,)

    @abstractmethod
    def recommend(self, training: Training, *, n: int) -> DataFrame:
        """The n best items that each of the training's queries hasn't: ``RANKED``.

        Fewer only where the catalogue has fewer. What is learnt is learnt now: it runs actions.
        """

    def settings(self) -> str:
        """Its settings as JSON."""
        return json.dumps(self.described())

    def described(self) -> dict[str, Any]:
        """Its algorithm and settings by name, of the models within it too."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        return {"algorithm": self.algorithm} | {
            name: value.described() if isinstance(value, Recommender) else value
            for name, value in values.items()
        }
