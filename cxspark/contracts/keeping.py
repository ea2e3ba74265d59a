"""Keeping what is computed once and read again, wherever Spark runs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

log = logging.getLogger("cxspark")

_REFUSED = "NOT_SUPPORTED_WITH_SERVERLESS"


def keep(frame: DataFrame) -> DataFrame:
    """The frame, kept in memory or on disk from when it is first computed until `release`.

    Databricks' serverless compute keeps nothing. There it is computed whenever it is read, which
    takes longer and gives the same rows: what the suite keeps depends on its input alone.
    """
    with _going_on("keeps no intermediate result: it is computed each time"):
        frame.persist()
    return frame


def release(*frames: DataFrame) -> None:
    """Let go of what is kept; nothing happens to a frame that isn't."""
    for frame in frames:
        with _going_on("has kept nothing"):
            frame.unpersist()


@contextmanager
def _going_on(instead: str) -> Iterator[None]:
    """Without what the block asks for, where the compute refuses it."""
    try:
        yield
    except PySparkException as error:
        if error.getCondition() != _REFUSED:
            raise
        log.debug("serverless compute %s", instead)
