"""Tables about the suite itself."""

from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

_VERSION = StructType(
    [
        StructField("table", StringType(), False),
        StructField("version", LongType(), False),
        StructField("n_rows", LongType(), False),
    ]
)

JOB_RUNS = Table(
    name="ops.job_runs",
    grain="one row per attempt of a job's run",
    schema=StructType(
        [
            column("run_id", StringType(), "given by the orchestrator, or made up"),
            column("job", StringType(), "name of the job"),
            column("status", StringType(), "done or failed"),
            column("started_at", TimestampType(), "UTC"),
            column("seconds", DoubleType(), "wall time of the attempt"),
            column("config_hash", StringType(), "hash of the settings in force"),
            column(
                "inputs", ArrayType(_VERSION, containsNull=False), "what it read, with all rows"
            ),
            column("outputs", ArrayType(_VERSION, containsNull=False), "its commits, their rows"),
            column("warnings", ArrayType(StringType(), containsNull=False), "what to look at"),
            column("error", StringType(), "why it failed; null where done", nullable=True),
            column("version", StringType(), "of cxspark"),
        ]
    ),
    key=(),
)
