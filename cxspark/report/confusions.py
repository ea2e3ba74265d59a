"""How well classes are told, as the page shows it: a table per label and way of judging."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Row

# How the tables name a way of judging, and what it is.
_JUDGED = {
    "leave_one_out": "each customer told by all the others",
    "held_out": "customers told by those who weren't held out",
}
# More classes than these are counted with the rare ones.
_MOST = 10
OTHERS = "all others"


@dataclass(frozen=True)
class Confusion:
    """What customers are against what they were told to be.

    Attributes:
        source: whose customers.
        algorithm: what told them.
        label: what was told of them.
        protocol: how it was judged.
        classes: the commonest first; where there are many, the rare ones as `OTHERS`.
        counts: classes x classes, customers: downwards what they are, across what was told.
        n_right: customers whose class was told right; a mistake within `OTHERS` isn't among them,
            though it stands on the diagonal.
    """

    source: str
    algorithm: str
    label: str
    protocol: str
    classes: Sequence[str]
    counts: NDArray[np.int64]
    n_right: int

    @property
    def judged(self) -> str:
        """How it was judged, in a few words."""
        return _JUDGED.get(self.protocol, self.protocol)

    @property
    def n_users(self) -> int:
        """All who were judged."""
        return int(self.counts.sum())

    @property
    def n_commonest(self) -> int:
        """Who would be right if the commonest class were told of everyone."""
        return int(self.counts.sum(axis=1)[0])


def group_confusions(rows: Sequence[Row]) -> list[Confusion]:
    """One table per source, algorithm, label and protocol, by name.

    Args:
        rows: gold.confusions.
    """
    names = ("source", "algorithm", "label_name", "protocol")
    keys = sorted({tuple(row[name] for name in names) for row in rows})
    return [
        _confusion(key, [row for row in rows if tuple(row[name] for name in names) == key])
        for key in keys
    ]


def _confusion(key: tuple[str, ...], rows: Sequence[Row]) -> Confusion:
    sizes: dict[str, int] = {row["predicted"]: 0 for row in rows}
    for row in rows:
        sizes[row["actual"]] = sizes.get(row["actual"], 0) + row["n_users"]
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    kept = ranked if len(ranked) <= _MOST else ranked[: _MOST - 1]
    place = {name: kept.index(name) if name in kept else len(kept) for name in ranked}
    classes = kept if len(kept) == len(ranked) else [*kept, OTHERS]
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for row in rows:
        counts[place[row["actual"]], place[row["predicted"]]] += row["n_users"]
    n_right = sum(row["n_users"] for row in rows if row["actual"] == row["predicted"])
    source, algorithm, label, protocol = key
    return Confusion(source, algorithm, label, protocol, classes, counts, n_right)
