"""Tables about the suite itself."""

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
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
                "inputs",
                ArrayType(_VERSION, containsNull=False),
                "what it read, with all rows; -1 where an attempt failed before they were counted",
            ),
            column("outputs", ArrayType(_VERSION, containsNull=False), "its commits, their rows"),
            column("warnings", ArrayType(StringType(), containsNull=False), "what to look at"),
            column("error", StringType(), "why it failed; null where done", nullable=True),
            column("version", StringType(), "of cxspark"),
        ]
    ),
    key=(),
)

RUN_METRICS = Table(
    name="ops.run_metrics",
    grain="one row per attempt of a job's run x metric",
    schema=StructType(
        [
            column("run_id", StringType(), "as in ops.job_runs"),
            column("job", StringType(), "name of the job"),
            column("started_at", TimestampType(), "of the attempt, UTC"),
            column(
                "metric",
                StringType(),
                "seconds; of Spark: tasks, cpu_seconds, shuffle_read_bytes, spilled_disk_bytes, "
                "...; of what was found: table.name",
            ),
            column("value", DoubleType(), "in the unit that the name ends in, else a count"),
        ]
    ),
    key=("run_id", "job", "started_at", "metric"),
)

_ACTION = StructType(
    [
        StructField("action", StringType(), False),
        StructField("reason", StringType(), False),
        StructField("is_due", BooleanType(), False),
        StructField("is_done", BooleanType(), False),
    ]
)

TABLE_CARE = Table(
    name="ops.table_care",
    grain="one row per run of care_tables x table that there was",
    schema=StructType(
        [
            column("run_id", StringType(), "of care_tables"),
            column("table", StringType(), "layer.name"),
            column("measured_at", TimestampType(), "UTC; what follows is as the run left it"),
            column("version", LongType(), "the newest"),
            column("n_rows", LongType(), "of that version"),
            column("size_bytes", LongType(), "of its data files"),
            column("n_files", LongType(), "its data files"),
            column("n_small_files", LongType(), "those smaller than the policy's small_file_mb"),
            column("n_versions", LongType(), "commits that the table's history tells of"),
            column("oldest_version", LongType(), "the oldest that can be read"),
            column("oldest_at", TimestampType(), "when that was committed, UTC"),
            column("n_files_removed", LongType(), "by OPTIMIZE, from the table's newest version"),
            column("n_files_added", LongType(), "by OPTIMIZE, in their place"),
            column("n_files_deleted", LongType(), "by VACUUM, from disk; empty folders too"),
            column(
                "vacuumed_at",
                TimestampType(),
                "the last VACUUM of this or an earlier run, UTC; null where there was none",
                nullable=True,
            ),
            column(
                "actions",
                ArrayType(_ACTION, containsNull=False),
                "what was looked at, whether it was due and why, whether it was done",
            ),
            column("warnings", ArrayType(StringType(), containsNull=False), "what to look at"),
            column("seconds", DoubleType(), "wall time spent on the table"),
        ]
    ),
    key=("run_id", "table"),
    checks={"small_files": "n_small_files BETWEEN 0 AND n_files"},
)
