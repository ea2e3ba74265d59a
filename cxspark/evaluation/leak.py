"""Nothing of the test window may be in what a model learns from."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cxspark.contracts.checks import require_columns
from cxspark.contracts.errors import ContractError
from cxspark.evaluation.frames import EVENTS


def count_leaks(train: DataFrame, *, at: datetime) -> DataFrame:
    """Training events that a model can't have had at an instant.

    Args:
        train: ``EVENTS``, or any frame with event_at.
        at: the split; an event at it or later leaks. So does one without an instant: nothing says
            that it was before.

    Returns:
        One row: n_leaks.

    Cost: one pass, no shuffle but of counts.
    """
    require_columns(train, EVENTS, ["event_at"])
    is_before = F.coalesce(F.col("event_at") < F.lit(at), F.lit(False))
    return train.agg(F.count_if(~is_before).alias("n_leaks")).select("n_leaks")


def refuse_leak(n_leaks: int, *, table: str, at: datetime) -> None:
    """Do nothing if nothing leaks.

    Args:
        n_leaks: as ``count_leaks`` counted them.
        table: name of what is learnt from.
        at: the split.

    Raises:
        ContractError: training rows lie at the split or after it, or have no instant.

    Example:
        >>> refuse_leak(0, table="train", at=datetime(2026, 3, 1))
        >>> refuse_leak(2, table="train", at=datetime(2026, 3, 1))
        Traceback (most recent call last):
            ...
        cxspark.contracts.errors.ContractError: train: expected only rows before \
2026-03-01T00:00:00; found 2 at it, later or without an instant; to do: split the events by time \
before anything is learnt from them
    """
    if n_leaks > 0:
        raise ContractError(
            table,
            f"only rows before {at.isoformat()}",
            f"{n_leaks} at it, later or without an instant",
            "split the events by time before anything is learnt from them",
        )
