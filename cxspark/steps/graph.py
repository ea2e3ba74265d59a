"""The job graph, made from what the steps declare that they read and write."""

from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Any

from cxspark.contracts.errors import ConfigError
from cxspark.runtime.step import Step
from cxspark.runtime.submit import run_command
from cxspark.steps import (
    build_interactions,
    build_report,
    build_user_item,
    evaluate_recommenders,
    ingest_events,
    recommend_als,
    recommend_knn,
    train_als,
)

STEPS: dict[str, Step[Any]] = {
    step.name: step
    for step in (
        ingest_events.STEP,
        build_user_item.STEP,
        build_interactions.STEP,
        recommend_knn.STEP,
        train_als.STEP,
        recommend_als.STEP,
        evaluate_recommenders.STEP,
        build_report.STEP,
    )
}


def needs(name: str) -> set[str]:
    """The jobs that write what a job reads.

    Example:
        >>> sorted(needs("recommend_knn"))
        ['build_user_item']
    """
    read = {table.name for table in STEPS[name].reads}
    return {
        other
        for other, step in STEPS.items()
        if other != name and any(table.name in read for table in step.writes)
    }


def with_upstream(names: Iterable[str]) -> list[str]:
    """The named jobs and all that they read from, directly or not.

    Example:
        >>> with_upstream(["recommend_knn"])
        ['recommend_knn', 'build_user_item', 'ingest_events']
    """
    found = [step.name for step in in_order(names)]
    for name in found:  # grows as it goes
        found += sorted(needs(name) - set(found))
    return found


def in_order(names: Iterable[str]) -> list[Step[Any]]:
    """The named jobs, each after those among them that it reads from.

    Example:
        >>> [step.name for step in in_order(["recommend_knn", "build_user_item"])]
        ['build_user_item', 'recommend_knn']

    Raises:
        ConfigError: a name isn't a job.
    """
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in STEPS]
    if unknown:
        raise ConfigError(
            "job", f"one of {', '.join(STEPS)}", ", ".join(unknown), "see `cxspark jobs`"
        )
    sorter = TopologicalSorter({name: needs(name) & set(wanted) for name in wanted})
    return [STEPS[name] for name in sorter.static_order()]


def main(name: str, argv: list[str] | None = None) -> int:
    """One job from its command line; the whole of a file in ``jobs/``."""
    return run_command([STEPS[name]], argv, known=STEPS)
