"""Where a Spark session comes from."""

import logging
import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

from cxspark.contracts.errors import ConfigError
from cxspark.runtime.session_settings import set_for_now

log = logging.getLogger("cxspark")

_CHECKPOINTS = "spark.checkpoint.dir"
_WAREHOUSE = "spark.sql.warehouse.dir"
_MASTER = "spark.master"
# Masters that a driver reachable by nobody else will do for.
_HERE = re.compile(r"local|spark://(127\.|localhost)")
DELTA = "io.delta:delta-spark_4.2_2.13:4.4.0"

_DELTA_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}

# Delta's package names libraries that Spark has, or that only Unity Catalog needs. Without them two
# jars of 10 MB are fetched instead of 33 of 86 MB, and a session starts in seconds.
_NOT_NEEDED = (
    "org.antlr:antlr4-runtime,com.fasterxml.jackson.core:*,io.unitycatalog:*,"
    "io.delta:delta-kernel-api,io.delta:delta-kernel-defaults,io.delta:delta-kernel-unitycatalog"
)

_BATCH_BYTES = "spark.sql.execution.arrow.maxBytesPerBatch"

# What every session of the suite needs to give the same results anywhere.
_SEMANTICS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Raw files come in windows-1252 too, which Spark otherwise refuses to decode.
    "spark.sql.legacy.javaCharsets": "true",
}


def open_session(
    conf: Mapping[str, str], *, name: str = "cxspark", writes: bool = True
) -> SparkSession:
    """The running session, or a new one that can read and write Delta tables.

    Under spark-submit, on Databricks and over Spark Connect (the environment variable SPARK_REMOTE)
    a session, or its master, is given already: then only the SQL settings are applied. Otherwise
    one starts on this machine, with ``local[*]``. Delta's jars come from the folder named by the
    environment variable CXSPARK_JARS (fastest: no resolution at all), else from
    ``spark.jars.packages``.

    Args:
        conf: Spark settings, which win over the suite's own.
        name: the application's name.
        writes: False where nothing will be written: then Spark doesn't make, as it does whenever it
            starts, folders for checkpoints and for tables that have no place of their own.

    Raises:
        ConfigError: the master is another machine's, and not spark-submit has started the job.

    Cost: 4 to 5 s with CXSPARK_JARS, 8 s without, 20 s the first time (a download of 10 MB).
    """
    master = conf.get(_MASTER, "local")
    if not (_is_given() or _HERE.match(master)):
        raise ConfigError(
            f"environment.spark.{_MASTER}",
            "local[N], where no spark-submit starts the job",
            master,
            "start jobs/NAME.py by spark-submit, which sends the code and reaches the driver: "
            "docs/orchestrate.md",
        )
    builder = SparkSession.builder.appName(name)
    own = _DELTA_CONF if _is_given() else {**_DELTA_CONF, **_local()}
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        own = {}  # whose Delta is its own
    elif not (writes or SparkSession.getActiveSession() or "SPARK_REMOTE" in os.environ):
        own = {**own, _WAREHOUSE: gettempdir()}
    for key, value in {**_SEMANTICS, **own, **conf}.items():
        if writes or key != _CHECKPOINTS:
            builder = builder.config(key, value)
    return builder.getOrCreate()


def small_records(spark: SparkSession) -> AbstractContextManager[None]:
    """While in it, batches of records for Python are cut by their number alone.

    Spark 4.2 measures a batch after each record that enters it, so that none is beyond 256 MB; that
    took as long as sending the cells of a matrix did. So it is for jobs whose records are small: of
    large ones, such as blocks of rows, ten thousand would be a batch.

    Args:
        spark: the session; what is computed in it meanwhile is concerned, by any thread.
    """
    return set_for_now(spark, {_BATCH_BYTES: str(2**31 - 1)})


def drop_unused_checkpoints(spark: SparkSession) -> None:
    """Remove the folder that a session has for its checkpoints, where nothing is in it.

    Spark makes one whenever it starts, and leaves it; where it needs it again, it makes it again.
    """
    if is_remote():
        return
    try:
        context: Any = spark.sparkContext
        if folder := context.getCheckpointDir():
            path = context._jvm.org.apache.hadoop.fs.Path(folder)
            path.getFileSystem(context._jsc.hadoopConfiguration()).delete(path, False)
    except Exception as error:  # it is in use, or out of reach: then it stays
        log.debug("checkpoints stay: %s", error)


def _is_given() -> bool:
    """Whether spark-submit, Databricks or an earlier call has started Spark already."""
    starters = {"PYSPARK_GATEWAY_PORT", "DATABRICKS_RUNTIME_VERSION", "SPARK_REMOTE"}
    return SparkSession.getActiveSession() is not None or bool(starters & os.environ.keys())


def _local() -> dict[str, str]:
    """Settings of a session that this process starts itself."""
    # Workers would otherwise run whatever `python3` is first on the PATH. Elsewhere that is right:
    # nodes of a cluster needn't have this process' Python where it is.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Only this machine may reach a session that runs on one machine.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    return {
        _MASTER: "local[*]",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        "spark.log.level": "ERROR",
        # Defaults are made for a cluster: 200 shuffle partitions, 50 to read a table's log.
        "spark.sql.shuffle.partitions": str(4 * (os.cpu_count() or 1)),
        "spark.databricks.delta.snapshotPartitions": "1",
        # A file is cut so that all cores have work till the end.
        "spark.sql.files.minPartitionNum": str(4 * (os.cpu_count() or 1)),
        # In one process a broadcast is sent to nobody.
        "spark.sql.autoBroadcastJoinThreshold": "64m",
        # A job with Delta tables makes some hundreds of classes for its queries. By default 100 are
        # kept: each run makes and compiles all of them anew, a quarter of a short job's time.
        "spark.sql.codegen.cache.maxEntries": "5000",
        # Spark keeps each query's plan as text, for an interface that isn't there: of a thousand by
        # default. With those of a comparison of recommenders a heap of 1 GB was full.
        "spark.sql.ui.retainedExecutions": "20",
        # Java never compiles a method beyond this size: where a query's would be longer, as with
        # fifty features, it is cut in pieces instead: that took a third of the time.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        # Twice the throughput of the default where collections don't need to be short; room for the
        # machine code of all these classes; stacks for what ALS's iterations refer back to.
        "spark.driver.extraJavaOptions": (
            "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=512m -Xss4m"
        ),
        **delta_jars(),
    }


def fetch_jars(folder: Path) -> list[Path]:
    """Put Delta's jars into a folder, for CXSPARK_JARS, a container or a cluster without network.

    Starts a session of its own, so none may be running.
    """
    os.environ.pop("CXSPARK_JARS", None)
    with TemporaryDirectory() as ivy:
        open_session({"spark.jars.ivy": ivy}).stop()
        folder.mkdir(parents=True, exist_ok=True)
        jars = sorted(Path(ivy, "jars").glob("*.jar"))
        # Under another name first, so that a copy which was broken off is none.
        copies = [Path(shutil.copy(jar, folder / f"{jar.name}.part")) for jar in jars]
        return [copy.replace(copy.with_suffix("")) for copy in copies]


def delta_jars() -> dict[str, str]:
    """Where Spark finds Delta: a folder of jars if there is one, else its package name."""
    folder = os.environ.get("CXSPARK_JARS")
    if folder and list(Path(folder).glob("*delta-spark*.jar")):
        return {"spark.driver.extraClassPath": f"{folder}/*"}
    return {"spark.jars.packages": DELTA, "spark.jars.excludes": _NOT_NEEDED}
