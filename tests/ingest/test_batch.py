import pytest

from cxspark.contracts.errors import ContractError
from cxspark.ingest.batch import Layout, plan_batch
from cxspark.ingest.files import ListedFile, format_of
from cxspark.ingest.header import match_columns
from cxspark.ingest.profile import FileProfile
from cxspark.ingest.settings import Source

COLUMNS = {"user_id": "user", "item_id": "item", "event_at": "time", "event_type": "action"}
HEADER = b"user,item,time,action"


def source(**other: object) -> Source:
    return Source.model_validate({"name": "shop", "columns": COLUMNS} | other)


def profile(file: str = "a.csv", load_id: str = "1", **other: object) -> FileProfile:
    facts = {"n_lines": 3, "n_garbled": 0, "n_open_quotes": 0, "first_line": HEADER, "keys": ()}
    return FileProfile(file=file, load_id=load_id, **(facts | other))  # type: ignore[arg-type]


def plan(*profiles: FileProfile, loaded: tuple[str, ...] = (), **other: object):  # type: ignore[no-untyped-def]
    return plan_batch(
        [ListedFile(one.file, 100, 0, is_loaded=False) for one in profiles],
        profiles,
        source=source(**other),
        loaded=loaded,
        columns_of=lambda _: list(COLUMNS.values()),
    )


def test_what_is_loaded_or_twice_there_is_left_out_and_told() -> None:
    batch = plan(profile("c.csv", "2"), profile("a.csv", "1"), profile("b.csv", "2"), loaded=("1",))
    assert [load.file for load in batch.loads] == ["b.csv"]
    assert batch.notes == (
        "a.csv: loaded before, left out; `reload: true` takes it in anew",
        "c.csv: the same content as b.csv, left out",
    )


def test_files_of_one_header_are_read_in_one_go_and_others_apart() -> None:
    batch = plan(
        profile("a.csv", "1"),
        profile("b.csv", "2", first_line=b"time,user,item,action"),
        profile("c.csv", "3"),
        profile("d.csv", "4", n_open_quotes=2),
    )
    columns = ("user", "item", "time", "action")
    assert batch.csv_files() == {
        Layout("csv", columns): ["a.csv", "c.csv"],
        Layout("csv", ("time", "user", "item", "action")): ["b.csv"],
        Layout("csv", columns, multiline=True): ["d.csv"],
    }


@pytest.mark.parametrize(
    ("n_open_quotes", "multiline", "expected"),
    [(0, "auto", False), (1, "auto", False), (4, "auto", True), (4, False, False), (0, True, True)],
)
def test_an_even_number_of_open_lines_means_fields_over_lines(
    n_open_quotes: int, multiline: str | bool, expected: bool
) -> None:
    load = plan(profile(n_open_quotes=n_open_quotes), multiline=multiline).loads[0]
    assert load.layout.multiline is expected
    assert load.n_records == (None if expected else 2)


def test_no_batch_is_an_empty_condition() -> None:
    assert plan().where("shop") == "source = 'shop' AND load_id IN ('')"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"first_line": b"user,item,time"}, r"a\.csv: .*a column action.*user, item, time"),
        ({"first_line": b"user,item,time,action,item"}, "item twice"),
        ({"first_line": b"\xff\xfeu\0s\0"}, "UTF-16"),
        ({"first_line": "user,item".encode("utf-16-be")}, "UTF-16"),
    ],
)
def test_a_header_that_does_not_do_is_refused(other: dict[str, object], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        plan(profile(**other))


def test_a_header_is_decoded_as_the_source_says() -> None:
    columns = COLUMNS | {"user_id": "Käufer"}
    first_line = "Käufer;item;time;action\r".encode("latin-1")
    load = plan(
        profile(first_line=first_line), encoding="latin-1", delimiter=";", columns=columns
    ).loads[0]
    assert load.layout.columns == ("Käufer", "item", "time", "action")


def test_a_delimiter_may_have_several_characters() -> None:
    first_line = b'user::"item::code"::time::action'
    columns = COLUMNS | {"item_id": "item::code"}
    load = plan(profile(first_line=first_line), delimiter="::", columns=columns).loads[0]
    assert load.layout.columns == ("user", "item::code", "time", "action")


def test_utf16_is_cut_at_whole_characters_and_read_over_lines() -> None:
    first_line = "user,item,time,action".encode("utf-16-be") + b"\0"
    load = plan(profile(first_line=first_line), encoding="utf-16-be").loads[0]
    assert load.layout == Layout("csv", ("user", "item", "time", "action"), multiline=True)
    with pytest.raises(ContractError, match="text in utf-16"):
        plan(profile(first_line=b"\xdc\xdc\xdc\xdc"), encoding="utf-16le")


def test_files_with_lines_that_are_not_utf8_are_told_in_one_note() -> None:
    batch = plan(profile("a.csv", "1", n_garbled=2), profile("b.csv", "2", n_garbled=1))
    (note,) = batch.notes
    assert note.startswith("a.csv and 1 more: lines that aren't UTF-8")


def test_json_needs_each_key_in_some_line_and_parquet_each_column() -> None:
    with pytest.raises(ContractError, match=r"a\.jsonl: expected a column action; found user"):
        plan(profile("a.jsonl", keys=("user", "item", "time")))
    assert plan(profile("a.parquet", keys=("user",))).loads[0].n_records == 3


@pytest.mark.parametrize(
    ("header", "wanted", "expected"),
    [
        (["User", "x"], ["user"], ("user", "x")),
        ([" user\t", ""], ["user"], ("user", "column 2")),
        # An exact name comes first, and leaves the other alone.
        (["User", "user"], ["user"], ("User", "user")),
        # What isn't mapped may come again.
        (["note", "user", "note"], ["user"], ("note", "user", "note (column 3)")),
    ],
)
def test_names_are_matched_exactly_then_without_case(
    header: list[str], wanted: list[str], expected: tuple[str, ...]
) -> None:
    assert match_columns(header, wanted, "a.csv") == expected


def test_two_names_that_differ_in_case_alone_match_neither() -> None:
    with pytest.raises(ContractError, match="a column user; found User, USER"):
        match_columns(["User", "USER"], ["user"], "a.csv")


def test_the_format_is_told_by_the_name_unless_it_is_given() -> None:
    names = {"a.csv": "csv", "a.csv.gz": "csv", "a.JSONL": "json", "a.json.bz2": "json"}
    names |= {"part-0.snappy.parquet": "parquet", "a.2026": "csv", "a": "csv"}
    assert {name: format_of(name, source=source()) for name in names} == names
    assert format_of("a.csv", source=source(format="json")) == "json"
