"""Which files of an input are new, whether they fit the mapping, and how each is read."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql.types import LongType, StringType, StructField, StructType, TimestampType

from cxspark.ingest.files import Format, ListedFile, format_of
from cxspark.ingest.header import decoded, header_of, match_columns, missing, width
from cxspark.ingest.profile import FileProfile
from cxspark.ingest.source import RawSource

_GARBLED = "lines that aren't UTF-8; if it is in another encoding, set `encoding` of the source"
BATCH_LOADS = StructType(
    [
        StructField("load_id", StringType()),
        StructField("file", StringType()),
        StructField("n_bytes", LongType()),
        StructField("modified_at", TimestampType()),
        StructField("n_records", LongType()),
    ]
)
"""What the ledger has of a load before it is read."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOADED = "loaded before, left out; `reload: true` takes it in anew"


@dataclass(frozen=True)
class Layout:
    """What files must have in common to be read in one go."""

    format: Format
    columns: tuple[str, ...] = ()
    multiline: bool = False


@dataclass(frozen=True)
class Load:
    """One file to be taken in.

    Attributes:
        load_id: fingerprint of its content.
        file: its address.
        n_bytes: its size.
        modified_at: when it was last written, microseconds since 1970.
        layout: how it's read.
        n_records: the records it must give; None where a record may go over several lines, or a
            line be no record.
    """

    load_id: str
    file: str
    n_bytes: int
    modified_at: int
    layout: Layout
    n_records: int | None


@dataclass(frozen=True)
class Batch:
    """The files to be taken in, by name, and what a person should know of the others."""

    loads: tuple[Load, ...]
    notes: tuple[str, ...]

    def rows(self) -> list[tuple[object, ...]]:
        """``BATCH_LOADS`` of each."""
        return [
            (
                *(load.load_id, load.file, load.n_bytes),
                _EPOCH + timedelta(microseconds=load.modified_at),
                load.n_records,
            )
            for load in self.loads
        ]

    def files(self, kind: Format) -> list[str]:
        """The files of a format."""
        return [load.file for load in self.loads if load.layout.format == kind]

    def csv_files(self) -> dict[Layout, list[str]]:
        """The CSV files by layout: each group is read in one go."""
        groups: dict[Layout, list[str]] = {}
        for load in self.loads:
            if load.layout.format == "csv":
                groups.setdefault(load.layout, []).append(load.file)
        return groups

    def where(self, source: str) -> str:
        """SQL for this batch's rows in any table that has source and load_id."""
        return loads_where(self.loads, source=source)


def loads_where(loads: Iterable[Load | FileProfile], *, source: str) -> str:
    """SQL for the rows of some loads in any table that has source and load_id."""
    ids = ", ".join(f"'{load.load_id}'" for load in loads) or "''"
    return f"source = '{source}' AND load_id IN ({ids})"


def plan_batch(
    files: Sequence[ListedFile],
    profiles: Iterable[FileProfile],
    *,
    source: RawSource,
    loaded: Collection[str],
    columns_of: Callable[[str], Collection[str]],
) -> Batch:
    """The files whose content is neither loaded nor twice in the batch, checked.

    Args:
        files: all of the input.
        profiles: one for each of them that isn't known to be loaded.
        source: the mapping.
        loaded: the load ids of the ledger.
        columns_of: a Parquet file's columns; asked only where one of the wanted is all null.

    Raises:
        ContractError: a file can't be decoded, lacks a mapped column, or has one twice.
    """
    seen: dict[str, str] = {}
    loads: list[Load] = []
    notes: dict[str, list[str]] = {}
    unchanged = [one.file for one in files if one.is_loaded]
    if unchanged:
        notes[_LOADED] = unchanged
    listed = {one.file: one for one in files}
    for profile in sorted(profiles, key=lambda one: one.file):
        if profile.load_id in loaded:
            notes.setdefault(_LOADED, []).append(profile.file)
        elif profile.load_id in seen:
            alike = f"the same content as {seen[profile.load_id]}, left out"
            notes.setdefault(alike, []).append(profile.file)
        else:
            seen[profile.load_id] = profile.file
            layout, n_records = _layout(profile, source, columns_of)
            file = listed[profile.file]
            loads.append(
                Load(profile.load_id, file.file, file.n_bytes, file.modified_at, layout, n_records)
            )
            if source.encoding == "utf-8" and profile.n_garbled:
                notes.setdefault(_GARBLED, []).append(profile.file)
    return Batch(tuple(loads), tuple(_note(what, files) for what, files in notes.items()))


def _note(what: str, files: Sequence[str]) -> str:
    """One sentence, however many files it is about."""
    others = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0]}{others}: {what}"


def _layout(
    profile: FileProfile, source: RawSource, columns_of: Callable[[str], Collection[str]]
) -> tuple[Layout, int | None]:
    """How a file is read and the records it must give, once it is known to fit the mapping."""
    kind = format_of(profile.file, source=source)
    # JSON leaves out what is null: a day on which nothing was bought has no key for the pieces.
    wanted = source.source_columns(optional=kind != "json")
    if kind == "csv":
        columns = match_columns(header_of(profile, source), wanted, profile.file)
        paired = profile.n_open_quotes > 0 and profile.n_open_quotes % 2 == 0
        multiline = paired if source.multiline == "auto" else source.multiline
        # Lines can't be told by bytes where a character has several.
        layout = Layout(kind, columns, multiline or width(source.encoding) > 1)
        return layout, None if layout.multiline else profile.n_lines - 1
    decoded(profile, "utf-8")
    if kind == "lines":
        return Layout(kind), None
    found: Collection[str] = profile.keys
    if kind == "parquet" and not set(wanted) <= set(found):
        found = columns_of(profile.file)
    for name in wanted:
        if name not in found:
            raise missing(profile.file, name, ", ".join(found) or "none of the mapped ones")
    return Layout(kind), profile.n_lines
