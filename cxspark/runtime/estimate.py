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
    """

    place: Place
    megabytes: float
    what: str
    remedy: str


Rows = Mapping[str, int]
"""Table -> the most rows that it will have of a job; what isn't known isn't there."""

Needs = tuple[Need, ...]
"""What grows with a job's data; where none is told, what any job needs will do."""


@dataclass(frozen=True)
class Estimate:
    """What a job is expected to write and to need."""

    rows: Rows = field(default_factory=dict)
    needs: Needs = ()


def check_memory(job: str, needs: Needs, limits: Mapping[Place, float]) -> None:
    """Refuse a plan that can't end well.

    Args:
        job: whose needs they are.
        needs: as the job's step tells them from the sizes of its inputs.
        limits: what there is, MiB; a place whose limit isn't known isn't there.

    Raises:
        ConfigError: a place has less than the job needs.

    Example:
        >>> need = Need("worker", 9000, "scores of 8,192 users", "lower block_users")
        >>> check_memory("recommend_als", (need,), {"worker": 2000})
        Traceback (most recent call last):
        ...
        cxspark.contracts.errors.ConfigError: recommend_als: expected at least 9,000 MiB for a \
Python worker: scores of 8,192 users; found 2,000 MiB; to do: lower block_users
    """
    for need in needs:
        found = limits.get(need.place)
        if found is not None and need.megabytes > found:
            raise ConfigError(
                job,
                f"at least {need.megabytes:,.0f} MiB for {PLACES[need.place]}: {need.what}",
                f"{found:,.0f} MiB",
                need.remedy,
            )
