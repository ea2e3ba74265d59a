"""What a job would write and need, told before it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cxspark.contracts.errors import ConfigError

Place = Literal["heap", "driver", "worker"]

PLACES: Mapping[Place, str] = {
    "heap": "Java's heap on the driver",
    "driver": "the driver's Python",
    "worker": "a Python worker",
}


@dataclass(frozen=True)
class Need:
    """Memory that a job can't do without.

    Attributes:
        place: where.
        megabytes: how much (MiB), Python and its libraries included.
        what: it is for, with the numbers that make it.
        remedy: the setting that lessens it.
        at_once: how many such processes run at once, at most; None: as many as may.
    """

    place: Place
    megabytes: float
    what: str
    remedy: str
    at_once: int | None = None


@dataclass(frozen=True)
class Limit:
    """Memory that there is.

    Attributes:
        megabytes: of all processes together (MiB).
        n: how many share it at most.
    """

    megabytes: float
    n: int = 1

    def each(self, at_once: int | None = None) -> float:
        """What one has, where so many run at once.

        Example:
            >>> Limit(8000, n=16).each(), Limit(8000, n=16).each(at_once=4)
            (500.0, 2000.0)
        """
        return self.megabytes / self.sharing(at_once)

    def sharing(self, at_once: int | None = None) -> int:
        """How many share it, where so many run at once."""
        return max(1, min(self.n, at_once or self.n))


Limits = Mapping[Place, Limit]
"""What there is; a place of which nothing is known isn't there."""


Rows = Mapping[str, int]
"""Table -> the most rows that it will have of a job; what isn't known isn't there."""

Needs = tuple[Need, ...]
"""What grows with a job's data; where none is told, what any job needs will do."""


@dataclass(frozen=True)
class Estimate:
    """What a job is expected to write and to need."""

    rows: Rows = field(default_factory=dict)
    needs: Needs = ()


def check_memory(job: str, needs: Needs, limits: Limits) -> None:
    """Refuse a plan that can't end well.

    Args:
        job: whose needs they are.
        needs: as the job's step tells them from the sizes of its inputs.
        limits: what there is.

    Raises:
        ConfigError: a place has less than the job needs.

    Example:
        >>> need = Need("worker", 9000, "scores of 8,192 users", "lower block_users")
        >>> check_memory("recommend_als", (need,), {"worker": Limit(8000, n=4)})
        Traceback (most recent call last):
        ...
        cxspark.contracts.errors.ConfigError: recommend_als: expected at least 9,000 MiB for a \
Python worker: scores of 8,192 users; found 2,000 MiB; to do: lower block_users; or let fewer \
run at once (spark.master: local[N], spark.executor.cores), or run it all the same \
(environment.memory_check: warn)
    """
    for need in needs:
        limit = limits.get(need.place)
        if limit is None or need.megabytes <= limit.each(need.at_once):
            continue
        remedies = [need.remedy, "run it all the same (environment.memory_check: warn)"]
        if limit.sharing(need.at_once) > 1:
            fewer = "let fewer run at once (spark.master: local[N], spark.executor.cores)"
            remedies.insert(1, fewer)
        raise ConfigError(
            job,
            f"at least {need.megabytes:,.0f} MiB for {PLACES[need.place]}: {need.what}",
            f"{limit.each(need.at_once):,.0f} MiB",
            f"{remedies[0]}; or {', or '.join(remedies[1:])}",
        )
