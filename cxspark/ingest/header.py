"""The first line of a file: the names of its columns."""

import csv
from collections.abc import Sequence

from cxspark.contracts.errors import ContractError
from cxspark.ingest.profile import FileProfile
from cxspark.ingest.source import RawSource

# Between names, while Python's reader takes them apart, which wants a single character.
_SEPARATOR = "\x1f"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def match_columns(header: Sequence[str], wanted: Sequence[str], file: str) -> tuple[str, ...]:
    """The header's names, stripped, each mapped one spelt as the mapping has it.

    Of names that come again and aren't mapped the later ones get their place.

    Example:
        >>> match_columns([" USERID", "note ", "", "note"], ["UserId"], "a.csv")
        ('UserId', 'note', 'column 3', 'note (column 4)')

    Raises:
        ContractError: a mapped column is missing, or comes twice.
    """
    mapped = {one.lower() for one in wanted}
    names: list[str] = []
    for place, raw in enumerate(header, start=1):
        name = raw.strip() or f"column {place}"
        again = name in names and name.lower() not in mapped
        names.append(f"{name} (column {place})" if again else name)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(
            file, "each mapped column once in the header", f"{', '.join(twice)} twice", "rename one"
        )
    spelt: dict[str, str] = {}
    for one in wanted:
        alike = [name for name in names if name.lower() == one.lower()]
        if one not in names and len(alike) != 1:
            raise missing(file, one, ", ".join(names))
        spelt[one if one in names else alike[0]] = one
    return tuple(spelt.get(name, name) for name in names)


def header_of(profile: FileProfile, source: RawSource) -> list[str]:
    """The names in a CSV file's first line.

    Raises:
        ContractError: see ``decoded``.
    """
    text = decoded(profile, source.encoding).replace(source.delimiter, _SEPARATOR)
    (names,) = csv.reader([text], delimiter=_SEPARATOR, quotechar=source.quote)
    return [name.replace(_SEPARATOR, source.delimiter) for name in names]


def decoded(profile: FileProfile, encoding: str) -> str:
    """The first line as text, without BOM and carriage return.

    Raises:
        ContractError: it is UTF-16, or no text at all, or not in the encoding.
    """
    raw = profile.first_line
    remedy = f"set `encoding` of the source, now {encoding}"
    if encoding == "utf-8" and (raw.startswith(_UTF16_MARKS) or b"\0" in raw):
        found = "UTF-16 (set `encoding: utf-16`), or a compressed or binary file"
        raise ContractError(profile.file, "UTF-8 text", f"what looks like {found}", remedy)
    # Lines were cut at the byte of a newline: half of one in UTF-16.
    whole = raw[: len(raw) // width(encoding) * width(encoding)]
    try:
        text = whole.decode(encoding, errors="replace" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        raise ContractError(profile.file, f"text in {encoding}", str(error), remedy) from error
    return text.removeprefix("\ufeff").rstrip("\r\n")


def width(encoding: str) -> int:
    """Bytes that the shortest character takes."""
    return 4 if "utf-32" in encoding else 2 if "utf-16" in encoding else 1


def missing(file: str, column: str, found: str) -> ContractError:
    """The error of a file without a mapped column."""
    return ContractError(
        file,
        f"a column {column}",
        found,
        "map the column that means it under `columns` of the source, or take the mapping out if "
        "it isn't needed; check `delimiter` and `encoding` if the names look wrong",
    )
