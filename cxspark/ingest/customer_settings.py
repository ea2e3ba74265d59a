"""How a source's columns become customers' features."""

from pydantic import Field

from cxspark.contracts.settings import Settings
from cxspark.ingest.source import Expression, RawSource


class CustomerSource(RawSource):
    """A mapping: what a snapshot's files look like, and which of their columns are features.

    Every column is a feature that isn't left out: a number where all of its values are numbers,
    else a category; unless it is named here.
    """

    user_id: str | Expression | None = Field(
        None,
        description="who, unique in the snapshot; null: each record is one of its own, as a "
        "session is, and is called by its file's fingerprint and its number",
    )
    numbers: tuple[str, ...] = Field((), description="columns that are numbers, come what may")
    categories: tuple[str, ...] = Field(
        (), description="columns that are categories, though their values look like numbers"
    )
    without: tuple[str, ...] = Field((), description="columns that are no features")
    unknown: tuple[str, ...] = Field(
        ("?", "NA", "N/A", "NaN", "null", "NULL"),
        description="values that say that the value isn't known, beside blanks",
    )

    def source_columns(self, *, optional: bool = True) -> list[str]:
        """The columns that the mapping names, each once; or those that every record needs."""
        needed = self.id_columns()
        if optional:
            needed += [*self.numbers, *self.categories, *self.without]
        return list(dict.fromkeys(needed))

    def id_columns(self) -> list[str]:
        """The columns of which user_id is made."""
        if isinstance(self.user_id, Expression):
            return self.user_id.source_columns
        return [] if self.user_id is None else [self.user_id]


class IngestCustomersSettings(Settings):
    """Settings of the job ingest_customers."""

    source: CustomerSource
    input: list[str] = Field(
        min_length=1, description="the whole snapshot: files, folders and globs; local or any URI"
    )
