"""What a Python worker of Spark should do once."""

import gc
from functools import cache


@cache
def spare_modules() -> None:
    """Take what is loaded out of the garbage collector's sight; call it in functions for workers.

    PySpark collects garbage after every task, which takes 60 ms of a core where numpy, scipy,
    pandas and pyarrow are loaded: as long as many a task.
    """
    gc.freeze()
