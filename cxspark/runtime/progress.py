"""How far Spark's stages are, told while a job works."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

log = logging.getLogger("cxspark")


@contextmanager
def stages_told(spark: SparkSession, job: str, *, every_seconds: float = 15.0) -> Iterator[None]:
    """Log, as long as the block lasts, how many tasks of the stages at work are done.

    A job that is over sooner has told nothing. Over Spark Connect it is the server that tells.

    Args:
        spark: the session.
        job: its name.
        every_seconds: between two lines.
    """
    done = threading.Event()
    if is_remote():
        look, forget = _connect_counts(spark)
    else:
        look, forget = _classic_counts(spark), None

    def tell() -> None:
        while not done.wait(every_seconds):
            counts = look()
            if counts["stages"]:
                log.info(
                    "%s: %s stages at work, %s of %s tasks done, %s running",
                    *(job, counts["stages"], counts["tasks_done"], counts["tasks"]),
                    counts["tasks_running"],
                    extra={"data": counts},
                )

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if forget is not None:
            forget()


def _classic_counts(spark: SparkSession) -> Callable[[], dict[str, int]]:
    tracker = spark.sparkContext.statusTracker()

    def look() -> dict[str, int]:
        found = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        stages = [one for one in found if one is not None]
        return {
            "stages": len(stages),
            "tasks": sum(one.numTasks for one in stages),
            "tasks_done": sum(one.numCompletedTasks for one in stages),
            "tasks_running": sum(one.numActiveTasks for one in stages),
            "tasks_failed": sum(one.numFailedTasks for one in stages),
        }

    return look


def _connect_counts(
    spark: SparkSession,
) -> tuple[Callable[[], dict[str, int]], Callable[[], None]]:
    from pyspark.sql.connect.shell.progress import ProgressHandler, StageInfo  # noqa: PLC0415 only where Connect is

    newest = {"stages": 0, "tasks": 0, "tasks_done": 0, "tasks_running": 0}

    class Handler(ProgressHandler):
        def __call__(
            self,
            stages: Iterable[StageInfo] | None,
            inflight_tasks: int,
            operation_id: str | None,  # noqa: ARG002 Spark gives it by name
            done: bool,
        ) -> None:
            known = [] if done else list(stages or [])
            newest.update(
                stages=sum(one.num_tasks > one.num_completed_tasks for one in known),
                tasks=sum(one.num_tasks for one in known),
                tasks_done=sum(one.num_completed_tasks for one in known),
                tasks_running=inflight_tasks,
            )

    handler = Handler()
    spark.registerProgressHandler(handler)
    return lambda: dict(newest), lambda: spark.removeProgressHandler(handler)
