"""The models side by side, for people, and the verdict on the one to be deployed."""

from collections.abc import Mapping, Sequence
from typing import Any

from cxspark.contracts.errors import QualityGateError
from cxspark.contracts.evaluation import MODEL_METRICS
from cxspark.evaluation.bootstrap import ALL_USERS
from cxspark.evaluation.selection import CHOSEN_BY

Row = Mapping[str, Any]

_OTHERS = ("recall", "reciprocal_rank", "hit_rate", "coverage")


def as_lines(rows: Sequence[Row]) -> list[str]:
    """A table of text: all users, the best nDCG first, and how they were judged.

    Args:
        rows: of one run, with the columns of ``MODEL_METRICS``.
    """
    board = sorted(_chosen_by(rows), key=lambda row: -row["value"])
    cells = {(row["algorithm"], row["metric"]): row["value"] for row in rows if _of_all(row)}
    metric = f"{CHOSEN_BY}@{board[0]['k']}" if board else CHOSEN_BY
    heads = ("model", metric, "95% interval", "less baseline")
    lines = [_line(*heads, _OTHERS, "s")]
    for row in board:
        others = [cells.get((row["algorithm"], name)) for name in _OTHERS]
        lines.append(
            _line(
                row["algorithm"] + (" *" if row["is_default"] else ""),
                f"{row['value']:.4f}",
                _interval(row["low"], row["high"], signed=False),
                "-" if row["difference"] is None else _difference(row),
                ["-" if value is None else f"{value:.4f}" for value in others],
                f"{(row['fit_seconds'] or 0) + (row['recommend_seconds'] or 0):.1f}",
            )
        )
    return lines + [line for row in board[:1] for line in _protocol(row)]


def _protocol(row: Row) -> list[str]:
    """What all rows of a run have in common."""
    return [
        f"* the default; intervals of 95%, by users; seed {row['seed']}; {row['input']}",
        f"split: {row['split']}",
        f"candidates: {row['candidates']}",
    ]


def verdict(rows: Sequence[Row]) -> str:
    """`finding`, where the default may be deployed.

    Raises:
        QualityGateError: it is worse than the baseline, beyond noise.
    """
    row = _of_default(rows)
    if row is not None and is_refused(rows):
        raise QualityGateError(
            MODEL_METRICS.name,
            f"{row['algorithm']} to be no worse than {row['baseline']}",
            _measured(row),
            f"deploy {row['baseline']}, and look at what was tried in ops.model_trials",
        )
    return finding(rows)


def is_refused(rows: Sequence[Row]) -> bool:
    """Whether the default is worse than the baseline, beyond noise."""
    row = _of_default(rows)
    return row is not None and _kind(row) == "worse"


def finding(rows: Sequence[Row]) -> str:
    """Whether the default is better than the baseline, no better, or worse, in one sentence.

    Args:
        rows: of one run, with the columns of ``MODEL_METRICS``.
    """
    row = _of_default(rows)
    if row is None:
        return "the model that the suite would deploy was not judged"
    name, baseline = row["algorithm"], row["baseline"] or "a baseline"
    kind = _kind(row)
    if kind is None:
        return f"{name}: too few users to tell it from {baseline}"
    return f"{name} is {kind} than {baseline}: {_measured(row)}"


def _of_default(rows: Sequence[Row]) -> Row | None:
    return next((row for row in _chosen_by(rows) if row["is_default"]), None)


def _kind(row: Row) -> str | None:
    """What the interval of the difference leaves; None where there is none."""
    if row["difference_low"] is None or row["difference_high"] is None:
        return None
    if row["difference_high"] < 0:
        return "worse"
    return "better" if row["difference_low"] > 0 else "no better"


def _measured(row: Row) -> str:
    return f"{CHOSEN_BY}@{row['k']} {_difference(row)}, {row['n_users']:,} users"


def _chosen_by(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if _of_all(row) and row["metric"] == CHOSEN_BY]


def _of_all(row: Row) -> bool:
    return bool(row["segment"] == ALL_USERS)


def _difference(row: Row) -> str:
    interval = _interval(row["difference_low"], row["difference_high"], signed=True)
    return f"{row['difference']:+.4f} ({interval})"


def _interval(low: float | None, high: float | None, *, signed: bool) -> str:
    if low is None or high is None:
        return "-"
    return f"{low:+.4f} to {high:+.4f}" if signed else f"{low:.4f} to {high:.4f}"


def _line(  # noqa: PLR0917 - a line's cells, in their order
    model: str, value: str, interval: str, difference: str, others: Sequence[str], seconds: str
) -> str:
    rest = " ".join(f"{one:>15}" for one in others)
    return f"{model:<16} {value:>8}  {interval:<17} {difference:<30} {rest} {seconds:>7}"
