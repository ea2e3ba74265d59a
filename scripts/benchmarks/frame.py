"""What every bench has in common: a row of the result, and how time and memory are taken."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
from pyspark.sql import SparkSession

from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables

_WIDTHS = (38, 34, 9, 9, 7, 11, 8, 6)


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        bench: what was done, on how much.
        peer: with what it is compared.
        ours_s: seconds of the whole job, Delta tables in and out; the session was running.
        peer_s: seconds of the peer, data in memory unless its name says otherwise.
        rows: rows of the job's results.
        peak_mb: the greatest resident memory of one Python worker, MiB.
        equal: whether the results are the same.
    """

    bench: str
    peer: str
    ours_s: float
    peer_s: float
    rows: int
    peak_mb: float
    equal: bool

    def as_dict(self) -> dict[str, object]:
        """The fields in the order in which they are printed, the ratio among them."""
        fields = {**asdict(self), "ratio": self.peer_s / self.ours_s}
        order = ("bench", "peer", "ours_s", "peer_s", "ratio", "rows", "peak_mb", "equal")
        return {
            name: round(fields[name], 2) if isinstance(fields[name], float) else fields[name]
            for name in order
        }

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.as_dict())

    def as_line(self) -> str:
        """One line of the printed table."""
        return _line(str(value) for value in self.as_dict().values())


def _line(values: Iterator[str]) -> str:
    first, second, *numbers = zip(values, _WIDTHS, strict=True)
    texts = [value.ljust(width) for value, width in (first, second)]
    return " ".join(texts + [value.rjust(width) for value, width in numbers])


HEADER = _line(iter(("bench", "peer", "ours_s", "peer_s", "ratio", "rows", "peak_mb", "equal")))


def _cpu_seconds() -> dict[int, float]:
    """Process id -> CPU seconds, of this process and all below it."""
    seconds = {}
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        seconds[process.pid] = times.user + times.system
    return seconds


@dataclass
class Measure:
    """What ``measured`` took.

    Attributes:
        seconds: wall time.
        peak_mb: the greatest resident memory of one Python worker, MiB; 0 where none ran.
    """

    seconds: float = 0.0
    peak_mb: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)
    _before: dict[int, float] = field(default_factory=_cpu_seconds)
    _last: dict[int, float] = field(default_factory=dict)

    @property
    def cpu_seconds(self) -> float:
        """Of this process and all below it, Spark's among them, also those that have ended."""
        return sum(last - self._before.get(pid, 0.0) for pid, last in self._last.items())

    def watch(self) -> None:
        """Look at the workers twice a second until it is done; more often takes time itself."""
        while not self._done.wait(0.5):
            self.peak_mb = max([self.peak_mb, *_worker_peaks()])
            self._last |= _cpu_seconds()


@contextmanager
def measured() -> Iterator[Measure]:
    """The wall time and the workers' peak memory of the block."""
    measure = Measure()
    watcher = threading.Thread(target=measure.watch, daemon=True)
    for worker in _workers():
        with suppress(OSError):
            Path(f"/proc/{worker.pid}/clear_refs").write_text("5")  # its peak is what it has now
    start = time.perf_counter()
    watcher.start()
    try:
        yield measure
    finally:
        measure.seconds = time.perf_counter() - start
        measure._done.set()
        watcher.join()
        measure.peak_mb = max([measure.peak_mb, *_worker_peaks()])
        measure._last |= _cpu_seconds()


def _workers() -> list[psutil.Process]:
    """The Python processes that Spark has started below this one."""
    workers = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended
            if "python" in one.name():
                workers.append(one)
    return workers


def _worker_peaks() -> Iterator[float]:
    """The greatest resident memory that each of them has had, MiB, as Linux counts it."""
    for worker in _workers():
        with suppress(OSError):
            status = Path(f"/proc/{worker.pid}/status").read_text()
            yield from (
                int(line.split()[1]) / 2**10 for line in status.split("\n") if "HWM" in line
            )


def tables_in(spark: SparkSession, folder: Path, job: str) -> Tables:
    """The suite's tables below a folder, as a run of the job sees them."""
    return Tables(spark, Location(root=str(folder)), Run(job, "bench"))
