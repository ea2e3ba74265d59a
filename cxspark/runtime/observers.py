"""Other systems that are told of runs; none of them can make a job fail."""

import logging
from collections.abc import Callable, Sequence
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
    makers: list[Callable[[], Observer]] = []
    if environment.mlflow is not None:
        mlflow = environment.mlflow
        makers.append(lambda: Tracking(mlflow))
    if environment.openlineage is not None:
        openlineage = environment.openlineage
        makers.append(lambda: Lineage(openlineage, environment.tables))
    found: list[Observer] = []
    for make in makers:
        attempt(lambda make=make: found.append(make()))  # type: ignore[misc] # mypy: defaults of lambdas
    return found


def tell(observers: Sequence[Observer], call: Callable[[Observer], None]) -> None:
    """Tell all of them, whatever becomes of it."""
    for observer in observers:
        attempt(lambda observer=observer: call(observer))  # type: ignore[misc] # as above


def attempt(call: Callable[[], None]) -> None:
    """Do it; an error is a warning in the log."""
    try:
        call()
    except Exception as error:  # the job's result doesn't depend on who hears of it
        log.warning("not told: %s: %s", type(error).__name__, error)
