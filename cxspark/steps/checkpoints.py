"""Whether ALS can iterate so often: its factors' history grows until it is written down."""

from pyspark.sql import SparkSession

from cxspark.contracts.errors import ConfigError
from cxspark.runtime.session_settings import setting as session_setting

# Each iteration refers to the one before until a checkpoint; 150 overflow the stack.
_MANY_ITERATIONS = 30


def require_checkpoints(spark: SparkSession, iterations: int, *, setting: str) -> None:
    """Refuse what would end in a stack overflow when the factors' history is written down.

    A setting of the session, not a call of sparkContext: so it can be asked for by Spark Connect.

    Args:
        spark: the session.
        iterations: of ALS.
        setting: what asked for them, for the message.

    Raises:
        ConfigError: many iterations, and Spark has no place for checkpoints.
    """
    if iterations > _MANY_ITERATIONS and not session_setting(spark, "spark.checkpoint.dir"):
        raise ConfigError(
            setting,
            f"at most {_MANY_ITERATIONS} where spark.checkpoint.dir isn't set",
            str(iterations),
            "set it when the session starts, to a folder that all nodes reach",
        )
