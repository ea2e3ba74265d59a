"""How much memory a session's processes have."""

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from cxspark.runtime.estimate import Limit, Place
from cxspark.runtime.session_settings import setting

log = logging.getLogger("cxspark")

_UNITS = {"": 1 / 2**20, "b": 1 / 2**20, "k": 1 / 2**10, "m": 1, "g": 2**10, "t": 2**20}
# Of Java's heap, what a broadcast may take: Spark's own share is 0.6 of it, for everything.
_HEAP_SHARE = 0.6
_LEAST_OVERHEAD_MB = 384.0


def memory_limits(spark: SparkSession) -> dict[Place, Limit]:
    """What there is for each place, as far as that is known.

    Of its heap Java itself is asked: `spark.driver.memory` in a configuration comes too late where
    spark-submit or a platform has started Java; over Spark Connect nobody tells. On one machine
    workers, driver and Java share what the machine (or its container) has. On YARN and Kubernetes
    a worker has its share of `spark.executor.pyspark.memory`, else of the executor's overhead; a
    standalone cluster limits nothing, so nothing is said of its workers.
    """
    limits: dict[Place, Limit] = {}
    java, master = _java(spark), setting(spark, "spark.master")
    if java is not None:
        limits["heap"] = Limit(_HEAP_SHARE * java.megabytes)
    if java is not None and master.startswith("local"):
        left = _machine_megabytes() - java.megabytes
        limits |= {"driver": Limit(left), "worker": Limit(left, _local_cores(master, java))}
    elif master.startswith(("yarn", "k8s")):
        own = setting(spark, "spark.executor.pyspark.memory")
        workers = _settings_megabytes(own) if own else _overhead(spark)
        limits["worker"] = Limit(workers, int(setting(spark, "spark.executor.cores", "1")))
    return limits


def megabytes(size: str) -> float:
    """A size as Spark's settings have it, in MiB.

    Example:
        >>> megabytes("4g"), megabytes("512m"), megabytes("1048576")
        (4096.0, 512.0, 1.0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([bkmgt]?)b?\s*", size.lower())
    if found is None:
        raise ValueError(f"not a size: {size}")
    return float(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True)
class _Java:
    """What Java on the driver has.

    Attributes:
        megabytes: the most that its heap may grow to.
        cores: of the machine, or those that its container may use.
    """

    megabytes: float
    cores: int


def _java(spark: SparkSession) -> _Java | None:
    """What Java says of itself; None where it can't be asked."""
    if is_remote():
        return None
    try:
        jvm: Any = spark.sparkContext._jvm
        runtime = jvm.java.lang.Runtime.getRuntime()
        return _Java(runtime.maxMemory() / 2**20, runtime.availableProcessors())
    except Exception as error:  # a job doesn't fail because a platform keeps Java to itself
        log.warning("what Java has isn't known: %s", error)
        return None


def _overhead(spark: SparkSession) -> float:
    given = setting(spark, "spark.executor.memoryOverhead")
    if given:
        return _settings_megabytes(given)
    # On Kubernetes spark-submit sets the second to 0.4 for a driver in Python that runs there.
    factor = setting(spark, "spark.executor.memoryOverheadFactor") or setting(
        spark, "spark.kubernetes.memoryOverheadFactor", "0.1"
    )
    executor = megabytes(setting(spark, "spark.executor.memory", "1g"))
    return max(_LEAST_OVERHEAD_MB, float(factor) * executor)


def _settings_megabytes(given: str) -> float:
    """Of a setting whose unit, where it has none, is MiB."""
    return megabytes(given if given[-1].isalpha() else f"{given}m")


def _local_cores(master: str, java: _Java) -> int:
    """Of ``local``, ``local[4]``, ``local[*]``, ``local[4,2]``."""
    found = re.match(r"local\[(\d+|\*)", master)
    if found is None:
        return 1
    return java.cores if found[1] == "*" else int(found[1])


def _machine_megabytes() -> float:
    """Of the machine, or of the container if that has less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    try:
        allowed = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return physical
    return min(physical, int(allowed) / 2**20) if allowed.isdigit() else physical
