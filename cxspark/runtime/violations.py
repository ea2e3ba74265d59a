"""What Delta says of a broken constraint, told as the suite tells errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from cxspark.contracts.errors import ContractError
from cxspark.contracts.table import Table


@contextmanager
def explained(table: Table) -> Iterator[None]:
    """Turn a broken NOT NULL or CHECK into a ContractError that names the table and the rule."""
    try:
        yield
    except Exception as error:  # its class differs between classic Spark and Connect
        found = next((line for line in str(error).splitlines() if _is_violation(line)), None)
        if found is None:
            raise
        rules = ", ".join(["NOT NULL where declared", *table.checks.values()])
        raise ContractError(
            table.name, rules, found.strip(), "look for the rows in the job's input"
        ) from error


def _is_violation(line: str) -> bool:
    return "DELTA_NOT_NULL_CONSTRAINT_VIOLATED" in line or "DELTA_VIOLATE_CONSTRAINT" in line
