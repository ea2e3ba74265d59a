"""What Spark says a job took: tasks, CPU seconds, bytes read, shuffled and spilled."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

log = logging.getLogger("cxspark")

# Metric -> Spark's name of it, and what makes it bytes, seconds or a count.
_OF_EXECUTORS = {
    "tasks": ("completedTasks", 1.0),
    "failed_tasks": ("failedTasks", 1.0),
    "task_seconds": ("totalDuration", 1e-3),
    "gc_seconds": ("totalGCTime", 1e-3),
    "input_bytes": ("totalInputBytes", 1.0),
    "shuffle_read_bytes": ("totalShuffleRead", 1.0),
    "shuffle_write_bytes": ("totalShuffleWrite", 1.0),
}
_OF_STAGES = {
    "cpu_seconds": ("executorCpuTime", 1e-9),
    "output_bytes": ("outputBytes", 1.0),
    "spilled_memory_bytes": ("memoryBytesSpilled", 1.0),
    "spilled_disk_bytes": ("diskBytesSpilled", 1.0),
}


class Engine:
    """Spark's counters, from the moment it is made.

    They come from the store behind Spark's web pages, which is there without them too; it keeps the
    last 1,000 stages, over which CPU seconds and spills are summed. Spark Connect shows none of it:
    then there are no metrics.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        executors, stages = self._read()
        self._before = _sums(executors, _OF_EXECUTORS)
        self._last_stage = max((stage["stageId"] for stage in stages), default=-1)

    def metrics(self) -> dict[str, float]:
        """Name -> what came to it since; CPU seconds are of Java's threads, not of Python's."""
        executors, stages = self._read()
        if not executors:
            return {}
        ours = [stage for stage in stages if stage["stageId"] > self._last_stage]
        total = _sums(executors, _OF_EXECUTORS)
        since = {name: one - self._before[name] for name, one in total.items()}
        return {"stages": float(len(ours)), **since, **_sums(ours, _OF_STAGES)}

    def _read(self) -> tuple[list[Any], list[Any]]:
        """Spark's records of executors and stages; none where a session doesn't show them."""
        if is_remote():
            return [], []
        try:
            context = self._spark.sparkContext
            jvm: Any = context._jvm
            gateway: Any = context._gateway
            store = context._jsc.sc().statusStore()
            # One text instead of a call for each number.
            mapper = jvm.com.fasterxml.jackson.databind.ObjectMapper()
            mapper.registerModule(jvm.com.fasterxml.jackson.module.scala.DefaultScalaModule())
            nothing = gateway.new_array(jvm.double, 0)
            stages = store.stageList(None, False, False, nothing, None)
            found = (store.executorList(False), stages)
            executors, stages = (json.loads(mapper.writeValueAsString(one)) for one in found)
        except Exception as error:  # Spark's inside may change; a job doesn't fail for its metrics
            log.warning("no metrics of Spark's: %s", error)
            return [], []
        return executors, stages


def _sums(rows: list[Any], names: Mapping[str, tuple[str, float]]) -> dict[str, float]:
    return {metric: unit * sum(row[name] for row in rows) for metric, (name, unit) in names.items()}
