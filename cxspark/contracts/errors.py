"""Errors that say which table, what was expected, what was found and what to do.

Each class carries the exit code with which a job ends, so that an orchestrator can tell a mistake
in the configuration (2) from bad input (3) and from a quality gate that held (4).
"""


class CxsparkError(Exception):
    """A job can't go on; the message says why and what to do.

    Args:
        subject: what it is about: a table, a file, a setting.
        expected: what should have been there.
        found: what was there.
        remedy: what the reader should do now.

    Example:
        >>> print(ContractError("silver.events", "a column user_id", "only a, b", "map it in conf"))
        silver.events: expected a column user_id; found only a, b; to do: map it in conf
    """

    exit_code = 1

    def __init__(self, subject: str, expected: str, found: str, remedy: str) -> None:
        self.subject = subject
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(f"{subject}: expected {expected}; found {found}; to do: {remedy}")


class ConfigError(CxsparkError):
    """The configuration or the command line is wrong: exit code 2."""

    exit_code = 2


class ContractError(CxsparkError):
    """An input broke its contract: exit code 3."""

    exit_code = 3


class QualityGateError(CxsparkError):
    """The result is well formed and not good enough to publish: exit code 4."""

    exit_code = 4


class ConflictError(CxsparkError):
    """Another run wrote the same table meanwhile, nothing was lost: exit code 1, run again."""
