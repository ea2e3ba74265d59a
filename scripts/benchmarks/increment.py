"""A day's lines taken in beside building everything anew, each job and both."""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from benchmarks.frame import Measure, Row, measured, tables_in
from benchmarks.matrix import make_events, same_cells, write_csv
from cxspark.contracts.preferences import USER_ITEM
from cxspark.ingest.settings import Columns, IngestEventsSettings, Source
from cxspark.matrix.settings import BuildUserItemSettings
from cxspark.runtime.step import Step
from cxspark.steps import build_user_item, ingest_events

_N_LINES, _SHARE = 10_000_000, 0.01
_SOURCE = Source(
    name="bench",
    columns=Columns(
        user_id="user_id", item_id="item_id", event_type="event_type", event_at="event_at"
    ),
)


def run(spark: SparkSession, scale: float) -> Iterator[Row]:
    """The newest 1% of the lines into the tables of the others, beside all lines into none.

    The day before it comes in first, untimed, as the code of an increment is loaded then.
    """
    n_lines = int(_N_LINES * scale)
    n_new = max(1, int(n_lines * _SHARE))
    events = make_events(n_lines)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = folder / "lines"
        lines.mkdir()
        cuts = (0, n_lines - 2 * n_new, n_lines - n_new, n_lines)
        for day, (start, end) in enumerate(pairwise(cuts)):
            write_csv(lines / f"{day}.csv", events.slice(start, end - start))
            ours = _take_in(spark, folder / "grown", lines)
        anew = _take_in(spark, folder / "anew", lines)
        equal = same_cells(*(_cells(spark, folder / which) for which in ("grown", "anew")))
        for jobs in (["ingest", "matrix"], ["ingest"], ["matrix"]):
            yield Row(
                bench=f"{' and '.join(jobs)}, {n_new:,} lines more",
                peer=f"all {n_lines:,} anew",
                ours_s=sum(ours[job].seconds for job in jobs),
                peer_s=sum(anew[job].seconds for job in jobs),
                rows=n_new,
                peak_mb=max(ours[job].peak_mb for job in jobs),
                equal=equal,
            )


def _cells(spark: SparkSession, folder: Path) -> DataFrame:
    return tables_in(spark, folder, "reader").read(USER_ITEM)


def _take_in(spark: SparkSession, folder: Path, lines: Path) -> dict[str, Measure]:
    """What each job took to bring the lines that are new into the folder's tables."""
    ingest = IngestEventsSettings(source=_SOURCE, input=[str(lines)])
    jobs: dict[str, tuple[Step[Any], Any]] = {
        "ingest": (ingest_events.STEP, ingest),
        "matrix": (build_user_item.STEP, BuildUserItemSettings()),
    }
    taken: dict[str, Measure] = {}
    for job, (step, settings) in jobs.items():
        with measured() as taken[job]:
            step.run(spark, settings, tables_in(spark, folder, step.name))
    return taken
