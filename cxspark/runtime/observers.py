"""Other systems that are told of runs; none of them can make a job fail."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from cxspark.contracts.settings import Settings
from cxspark.runtime.config import Environment
from cxspark.runtime.lineage import Lineage
from cxspark.runtime.outcome import Outcome
from cxspark.runtime.tracking import Tracking

log = logging.getLogger("cxspark")


class Observer(Protocol):
    """Is told when an attempt of a job starts and when it has ended."""

    def started(self, outcome: Outcome) -> None:
        """An attempt starts; of the outcome there's the run alone."""

    def ended(self, outcome: Outcome, settings: Settings) -> None:
        """It has ended so, with these settings."""


def observers_of(environment: Environment) -> list[Observer]:
    """Those that the configuration asks for; one that can't be had is said, and left out."""
    found: list[Observer] = []
    if environment.mlflow is not None:
        with _never_fatal():
            found.append(Tracking(environment.mlflow))
    if environment.openlineage is not None:
        with _never_fatal():
            found.append(Lineage(environment.openlineage, environment.tables))
    return found


def tell(observers: Sequence[Observer], call: Callable[[Observer], None]) -> None:
    """Tell all of them, whatever becomes of it."""
    for observer in observers:
        with _never_fatal():
            call(observer)


@contextmanager
def _never_fatal() -> Iterator[None]:
    """An error is a warning in the log: a job's result doesn't depend on who hears of it."""
    try:
        yield
    except Exception as error:
        log.warning("not told: %s: %s", type(error).__name__, error)
