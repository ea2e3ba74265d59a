"""What Delta says of a write that it refuses, told as the suite tells errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from cxspark.contracts.errors import ContractError
from cxspark.contracts.table import Table
from cxspark.runtime.conflicts import conflict, is_conflict

_VIOLATION = re.compile(r"DELTA_NOT_NULL_CONSTRAINT_VIOLATED|DELTA_VIOLATE_CONSTRAINT")


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
        if is_conflict(error):
            found = next(line for line in lines if "[DELTA_" in line)
            raise conflict(table, found.strip()) from error
        raise
