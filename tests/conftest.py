"""One Spark session for all tests, small and quick to start."""

import logging
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pyspark.sql import SparkSession
from quick_java import QUICK_JAVA

from cxspark.runtime.collecting import collecting_between
from cxspark.runtime.session import delta_jars, open_session

# A Spark action takes tens of milliseconds: hypothesis' own deadline would call that slow.
settings.register_profile(
    "spark",
    deadline=None,
    # Over Spark Connect is tried whether it runs there; that it's right everywhere is tried before.
    max_examples=4 if "SPARK_REMOTE" in os.environ else 25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("spark")

SMALL = {
    # A test's rows are few: to generate code for each task's projections costs more than they do.
    # Whole stages are compiled as ever.
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.master": "local[2]",
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.driver.extraJavaOptions": f"{QUICK_JAVA} -Xss4m",
    "spark.sql.ui.explainMode": "simple",  # a query's plan as text takes a twentieth of its time
    # Nobody looks at the history of thousands of queries, which fills the heap.
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "1",
    "spark.ui.retainedStages": "1",
    "spark.ui.retainedTasks": "1",
}


# Files of five minutes and more.
LONGEST = {
    "test_same_tables_anywhere.py",
    "test_lost_or_refused.py",
    "test_killed_runs.py",
    "test_soak.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest first, so that processes side by side have work till the end."""
    items.sort(
        key=lambda item: (
            item.get_closest_marker("integration") is None,
            item.path.name not in LONGEST,
        )
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where time is limited, as a CI's is, what hasn't begun by then is skipped by name.

    Machines differ by a factor of three from hour to hour; a run that is broken off tells nothing.
    """
    if time.time() > float(os.environ.get("CXSPARK_UNTIL", "inf")):
        pytest.skip(f"no time left for {item.nodeid}")


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A job that a test runs sends what it logs to stderr, and no further."""
    log = logging.getLogger("cxspark")
    handlers, propagate = log.handlers, log.propagate
    yield
    log.handlers, log.propagate = handlers, propagate


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """What tests and their fixtures fit over Spark Connect is let go as safely as what jobs do."""
    with collecting_between():
        return (yield)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    warehouse = tmp_path_factory.mktemp("warehouse")
    conf = {**SMALL, "spark.sql.warehouse.dir": str(warehouse)}
    if "SPARK_REMOTE" in os.environ:  # local[2]: a Connect server starts, with these settings
        os.environ["SPARK_TESTING"] = "1"  # at a free port, so that several may run side by side
        conf |= {**delta_jars(), "spark.connect.grpc.binding.address": "127.0.0.1"}
        del conf["spark.master"]
    session = open_session(conf, name="tests")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data sets: CXSPARK_DATA, else ../shared/data; skips where neither is."""
    project = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("CXSPARK_DATA", project.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data: set CXSPARK_DATA (looked in {folder})")
    return folder
