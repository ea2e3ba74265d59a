"""The job graph, made from what the steps declare that they read and write."""

import sys
from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Any

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.table import Table
from cxspark.runtime.step import Step
from cxspark.runtime.submit import run_command
from cxspark.steps import (
    build_interactions,
    build_report,
    build_user_item,
    care_tables,
    classify_knn,
    cluster_customers,
    compute_distances,
    estimate_value,
    evaluate_recommenders,
    ingest_customers,
    ingest_events,
    rank_features,
    recommend_als,
    recommend_blend,
    recommend_knn,
    segment_customers,
    train_als,
    train_tree,
)

STEPS: dict[str, Step[Any]] = {
    step.name: step
    for step in (
        ingest_events.STEP,
        ingest_customers.STEP,
        build_user_item.STEP,
        build_interactions.STEP,
        recommend_knn.STEP,
        train_als.STEP,
        recommend_als.STEP,
        evaluate_recommenders.STEP,
        recommend_blend.STEP,
        rank_features.STEP,
        train_tree.STEP,
        estimate_value.STEP,
        compute_distances.STEP,
        classify_knn.STEP,
        segment_customers.STEP,
        cluster_customers.STEP,
        build_report.STEP,
        care_tables.STEP,
    )
}


def writers(table: Table) -> list[str]:
    """The jobs that write a table, in the order of ``STEPS``.

    Example:
        >>> from cxspark.contracts.preferences import USER_ITEM
        >>> writers(USER_ITEM)
        ['build_user_item']
    """
    return [name for name, step in STEPS.items() if table in step.writes]


def needs(name: str) -> set[str]:
    """The jobs that make what a job can't do without.

    A table that several jobs write, each its own rows, is there when one of them has run: it needs
    the first of ``STEPS``. What a job reads where it exists (`Step.optional`) it doesn't need.

    Example:
        >>> sorted(needs("recommend_knn"))
        ['build_user_item']
        >>> sorted(needs("build_report"))
        ['build_user_item', 'ingest_events', 'recommend_knn']
    """
    makers = (writers(table) for table in STEPS[name].reads)
    return {names[0] for names in makers if names and name not in names}


def follows(name: str) -> set[str]:
    """The jobs that a job comes after, if they are run too: all that write what it may read.

    Example:
        >>> "recommend_als" in follows("build_report"), "recommend_als" in needs("build_report")
        (True, False)
    """
    step = STEPS[name]
    return {one for table in (*step.reads, *step.optional) for one in writers(table)} - {name}


def with_upstream(names: Iterable[str]) -> list[str]:
    """The named jobs and all that they need, directly or not.

    Example:
        >>> with_upstream(["recommend_knn"])
        ['recommend_knn', 'build_user_item', 'ingest_events']
    """
    found = [step.name for step in in_order(names)]
    for name in found:  # grows as it goes
        found += sorted(needs(name) - set(found))
    return found


def in_order(names: Iterable[str]) -> list[Step[Any]]:
    """The named jobs, each after those among them whose tables it may read.

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
    sorter = TopologicalSorter({name: sorted(follows(name) & set(wanted)) for name in wanted})
    return [STEPS[name] for name in sorter.static_order()]


def direct_upstream(names: Iterable[str]) -> dict[str, list[str]]:
    """The named jobs in order, each with those among them that it comes directly after.

    What comes before one of these is left out: an orchestrator's picture has the fewest arrows, and
    the same order.

    Example:
        >>> direct_upstream(["recommend_knn", "build_user_item"])
        {'build_user_item': [], 'recommend_knn': ['build_user_item']}

    Raises:
        ConfigError: a name isn't a job.
    """
    before: dict[str, set[str]] = {}
    direct = {}
    for step in in_order(names):
        upstream = follows(step.name) & set(before)
        further = {job for one in upstream for job in before[one]}
        before[step.name] = upstream | further
        direct[step.name] = sorted(upstream - further)
    return direct


def main(name: str, argv: list[str] | None = None) -> None:
    """One job from its command line; the whole of a file in ``jobs/``.

    Returns where the job is done: Databricks takes any SystemExit for a failure, also that of 0.

    Raises:
        SystemExit: the job failed; with its exit code.
    """
    if code := run_command([STEPS[name]], argv, known=STEPS):
        sys.exit(code)
