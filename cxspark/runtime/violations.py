"""What Delta says of a write that it refuses, told as the suite tells errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from cxspark.contracts.errors import ConflictError, ContractError
from cxspark.contracts.table import Table

_VIOLATION = re.compile(r"DELTA_NOT_NULL_CONSTRAINT_VIOLATED|DELTA_VIOLATE_CONSTRAINT")
_CONFLICT = re.compile(r"DELTA_CONCURRENT_\w+|DELTA_METADATA_CHANGED|DELTA_PROTOCOL_CHANGED")


@contextmanager
def explained(table: Table) -> Iterator[None]:
    """Tell a broken rule, and a run that came in between, by table, finding and remedy.

    Raises:
        ContractError: a NOT NULL or a CHECK is broken.
        ConflictError: another run has committed to the table since this one read it.
    """
    try:
        yield
    except Exception as error:  # its class differs between classic Spark and Connect
        lines = str(error).splitlines()
        if violation := next(filter(_VIOLATION.search, lines), None):
            rules = ", ".join(["NOT NULL where declared", *table.checks.values()])
            raise ContractError(
                table.name, rules, violation.strip(), "look for the rows in the job's input"
            ) from error
        if conflict := next(filter(_CONFLICT.search, lines), None):
            raise ConflictError(
                table.name,
                "no other run that writes it at the same time",
                conflict.strip(),
                "run the job again, and let its runs wait for each other",
            ) from error
        raise
