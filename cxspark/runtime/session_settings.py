"""Settings of a session that runs, as far as it shows them and lets them be set."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

log = logging.getLogger("cxspark")

# Databricks' serverless compute has half a dozen settings; others it won't even tell.
_REFUSED = "CONFIG_NOT_AVAILABLE"


def setting(spark: SparkSession, key: str, default: str = "") -> str:
    """What the session says, or the default where it says nothing."""
    return _get(spark, key) or default


@contextmanager
def set_for_now(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Change settings for the block; a session that refuses one goes on without it.

    Args:
        spark: the session; what is computed in it meanwhile is concerned, by any thread.
        settings: by key.
    """
    before = {key: _get(spark, key) for key in settings}
    try:
        for key, value in settings.items():
            _change(spark, key, value)
        yield
    finally:
        for key, former in before.items():
            _change(spark, key, former)


def _get(spark: SparkSession, key: str) -> str | None:
    try:
        return spark.conf.get(key, None)
    except PySparkException as error:
        if error.getCondition() != _REFUSED:
            raise
        return None


def _change(spark: SparkSession, key: str, value: str | None) -> None:
    """Set, or unset where there is no value."""
    try:
        if value is None:
            spark.conf.unset(key)
        else:
            spark.conf.set(key, value)
    except PySparkException as error:
        if error.getCondition() != _REFUSED:
            raise
        log.debug("serverless compute has no setting %s", key)
