"""What a source's files look like, whatever they tell of."""

import codecs
import re
from abc import abstractmethod
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from cxspark.contracts.settings import Settings

_BACKTICKED = re.compile("`([^`]+)`")
# Spark knows them by Java's names, which are these where they differ from Python's.
_JAVA_NAMES = {
    "utf-8-sig": "utf-8",
    **{f"utf-{size}-{end}": f"utf-{size}{end}" for size in (16, 32) for end in ("le", "be")},
}


class Expression(Settings):
    """SQL that makes a value.

    The source's columns are written in backticks, and are text: ``try_cast(`Price` as double)``.
    A constant is one too: ``'purchase'``.
    """

    expr: str = Field(min_length=1, description="Spark SQL, the source's columns in backticks")

    @property
    def source_columns(self) -> list[str]:
        """The columns it needs.

        Example:
            >>> Expression(expr="`First name` || ' ' || `Last`").source_columns
            ['First name', 'Last']
        """
        return _BACKTICKED.findall(self.expr)

    def over(self, record: str) -> str:
        r"""The SQL with each column read from a map of text.

        Example:
            >>> Expression(expr="upper(`it's`)").over("record")
            "upper(try_element_at(record, 'it\\'s'))"
        """
        return _BACKTICKED.sub(
            lambda found: f"try_element_at({record}, {_quoted(found[1])})", self.expr
        )


class Lines(Settings):
    """Files whose lines are told apart by a pattern: fixed widths, several blanks, logs."""

    pattern: str = Field(
        min_length=1, description="regular expression of a whole line, a group for each field"
    )
    fields: tuple[str, ...] = Field(min_length=1, description="a name for each group, in order")
    skip: str | None = Field(
        None, description="regular expression found in lines that are no records: a header"
    )

    @model_validator(mode="after")
    def _a_name_for_each_group(self) -> Self:
        for one in (self.pattern, self.skip or ""):
            if re.search(r"(?<!\\)\(\?P", one):
                raise ValueError(f"{one}: Java runs it: plain groups, whose names are in `fields`")
            try:
                re.compile(one)
            except re.error as error:
                raise ValueError(f"{one} is no regular expression: {error}") from error
        n_groups = re.compile(self.pattern).groups
        if n_groups != len(set(self.fields)) or n_groups != len(self.fields):
            names = ", ".join(self.fields)
            raise ValueError(f"pattern has {n_groups} groups: give each a name, not {names}")
        return self


class RawSource(Settings):
    """What a source's files look like; a subclass says what their columns mean."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="names the source in every table")
    format: Literal["auto", "csv", "json", "parquet", "lines"] = Field(
        "auto",
        description="auto: by the file name's ending; json: an object a line; lines: see `lines`",
    )
    encoding: str = Field("utf-8", description="of CSV; all other text is UTF-8")
    delimiter: str = Field(",", min_length=1, max_length=3, description="between CSV fields")
    quote: str = Field('"', min_length=1, max_length=1, description="around CSV fields")
    multiline: Literal["auto"] | bool = Field(
        "auto",
        description="whether a quoted CSV field may go over several lines; auto: where an even "
        "number of the file's lines have an odd number of quotes. Such a file is read by one core",
    )
    lines: Lines | None = Field(None, description="how lines are read where format is lines")

    @model_validator(mode="after")
    def _lines_told(self) -> Self:
        if (self.format == "lines") != (self.lines is not None):
            raise ValueError("`format: lines` and `lines` go together")
        missing = set(self.source_columns()) - set(self.lines.fields if self.lines else ())
        if self.lines and missing:
            raise ValueError(f"lines.fields has no {', '.join(sorted(missing))}")
        return self

    @field_validator("delimiter")
    @classmethod
    def _tab_as_written(cls, text: str) -> str:
        return text.replace("\\t", "\t")  # YAML takes it as it is between single quotes

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            known = codecs.lookup(name).name
        except LookupError as error:
            raise ValueError(f"unknown encoding {name}: try utf-8, windows-1252, utf-16") from error
        return _JAVA_NAMES.get(known, known)

    @abstractmethod
    def source_columns(self, *, optional: bool = True) -> list[str]:
        """The columns that a file must have, each once; or those without which no record goes."""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
