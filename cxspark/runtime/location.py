"""Where tables live: below a folder, or in a catalogue."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from cxspark.contracts.settings import Settings
from cxspark.contracts.table import Table


class Location(Settings):
    """Either a folder or a catalogue's schema; the same jobs run on both."""

    root: str | None = Field(None, description="folder or URI: root/gold/user_item")
    catalog: str | None = Field(None, description="catalogue name, beside `database`")
    database: str | None = Field(None, description="schema in which layer_table names are made")

    @field_validator("root")
    @classmethod
    def _absolute(cls, root: str | None) -> str | None:
        """Spark and Python may have different working directories."""
        return root if root is None or ":/" in root else str(Path(root).absolute())

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.root is None) == (self.database is None):
            raise ValueError("give either root (a folder) or database (a schema), not both")
        return self

    def address(self, table: Table) -> str:
        """The table's name in SQL.

        Example:
            >>> from cxspark.contracts.catalogue import TABLES
            >>> Location(root="/data").address(TABLES["gold.user_item"])
            'delta.`/data/gold/user_item`'
            >>> Location(catalog="main", database="cx").address(TABLES["gold.user_item"])
            '`main`.`cx`.`gold_user_item`'
        """
        if self.root is not None:
            return f"delta.`{self.root.rstrip('/')}/{table.name.replace('.', '/')}`"
        return f"{self.namespace()}.`{table.name.replace('.', '_')}`"

    def namespace(self) -> str:
        """The schema that holds the tables, in SQL; only where they live in a catalogue."""
        parts = [self.catalog, self.database] if self.catalog else [self.database]
        return ".".join(f"`{part}`" for part in parts)
