"""The SQL that makes a table."""

from collections.abc import Mapping

from cxspark.contracts.table import Table


def create_statement(table: Table, address: str) -> str:
    """The SQL that makes a table with its comments, NOT NULLs and CHECKs."""
    columns = ", ".join(
        f"`{field.name}` {field.dataType.simpleString()}"
        f"{'' if field.nullable else ' NOT NULL'} COMMENT {quoted(field.metadata['comment'])}"
        for field in table.schema.fields
    )
    properties = {f"delta.constraints.{name}": rule for name, rule in table.checks.items()}
    if table.change_feed:
        properties["delta.enableChangeDataFeed"] = "true"
    if table.deletion_vectors:
        properties["delta.enableDeletionVectors"] = "true"
    searched = [name for name in table.key if name not in table.partition_by]
    if table.partition_by and searched:
        # Partitions are replaced and read whole, or single keys are looked for: bounds of the other
        # columns took a tenth of a write of lists.
        properties["delta.dataSkippingStatsColumns"] = ",".join(searched)
    parts = ", ".join(f"`{name}`" for name in table.partition_by)
    return (
        f"CREATE TABLE IF NOT EXISTS {address} ({columns}) USING delta "
        + (f"PARTITIONED BY ({parts}) " if parts else "")
        + f"COMMENT {quoted(table.grain)}"
        + (f" TBLPROPERTIES ({_listed(properties)})" if properties else "")
    )


def properties_statement(properties: Mapping[str, str], address: str) -> str:
    """The SQL that gives a table properties, beside those it has.

    Example:
        >>> properties_statement({"delta.appendOnly": "true"}, "t")
        "ALTER TABLE t SET TBLPROPERTIES ('delta.appendOnly' = 'true')"
    """
    return f"ALTER TABLE {address} SET TBLPROPERTIES ({_listed(properties)})"


def _listed(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(key)} = {quoted(value)}" for key, value in properties.items())


def quoted(text: str) -> str:
    """The text as a literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
