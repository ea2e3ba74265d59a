"""What a job is to the runtime: a name, its settings, the tables it declares and what it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pyspark.sql import SparkSession

from cxspark.contracts.settings import Settings
from cxspark.contracts.table import Table
from cxspark.runtime.estimate import Needs, Rows
from cxspark.runtime.sizes import Sizes
from cxspark.runtime.tables import Tables

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Inputs:
    """What a job reads with the settings that it has.

    Attributes:
        required: tables that it can't do without.
        optional: tables that it reads where they exist.
        files: paths of raw files.
    """

    required: Sequence[Table] = ()
    optional: Sequence[Table] = ()
    files: Sequence[str] = ()


@dataclass(frozen=True)
class Step(Generic[S]):
    """One job of the suite.

    Attributes:
        name: the job's name, its section in the configuration and its file in ``jobs/``.
        summary: one line for people.
        settings: the model of its section.
        reads: the tables it reads; the job graph is made of these and of `writes`, whatever the
            settings are.
        writes: the tables it writes.
        run: reads, transforms, writes.
        optional: tables it reads where they exist, and does without where they don't. It comes
            after the jobs that write them, if those are run in the same command; it doesn't bring
            them along (`--upstream`), and a dry run doesn't ask for them.
        inputs: what it reads with certain settings, for a dry run; `reads` and `optional` where
            that doesn't depend on them.
        rows: from the sizes of its inputs how many rows it would write, for a dry run.
        needs: from the same the memory that it needs: a dry run tells it, and a run that needs more
            than there is doesn't start.
    """

    name: str
    summary: str
    settings: type[S]
    reads: tuple[Table, ...]
    writes: tuple[Table, ...]
    run: Callable[[SparkSession, S, Tables], None]
    optional: tuple[Table, ...] = ()
    inputs: Callable[[S], Inputs] | None = None
    rows: Callable[[S, Sizes], Rows] | None = None
    needs: Callable[[S, Sizes], Needs] | None = None
