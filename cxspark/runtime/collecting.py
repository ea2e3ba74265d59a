"""When Python's collector of objects that refer to each other may run."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql.utils import is_remote


@contextmanager
def collecting_between() -> Iterator[None]:
    """Over Spark Connect have such objects collected before the block and after it, not within.

    A model that is let go tells the server so, by a call of its own. If the collector comes upon it
    in the midst of another call, the thread waits for a lock that it holds itself, and everything
    stands still (PySpark 4.2). What nothing refers to any more is let go at once, as ever.
    """
    # Before a session is opened its address alone tells.
    if not ((is_remote() or "SPARK_REMOTE" in os.environ) and gc.isenabled()):
        yield
        return
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.collect()  # first: another thread's next object could set the collector going
        gc.enable()
