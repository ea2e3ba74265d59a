"""The written world holds what its truth says, whatever the ingest makes of it."""

import csv
import io
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from cxspark.synthetic.behaviour import ACTIONS
from cxspark.synthetic.dirt import BOT
from cxspark.synthetic.files import COLUMNS
from cxspark.synthetic.items import CATEGORIES
from cxspark.synthetic.settings import Dirt, SyntheticSettings
from cxspark.synthetic.visitors import SEGMENTS
from cxspark.synthetic.world import Truth, write_world

SETTINGS = SyntheticSettings(n_users=200, n_items=120, n_events=20_000, days=30)


def read_all(folder: Path) -> pd.DataFrame:
    """Every record of the files, read by plain Python; cells are null where a line is cut."""
    rows: list[dict[str, str | None]] = []
    for file in sorted(folder.iterdir()):
        text = file.read_bytes().decode("utf-8-sig", errors="replace")
        if file.suffix == ".jsonl":
            rows += [dict.fromkeys(COLUMNS, "") | json.loads(line) for line in text.splitlines()]
        else:
            rows += csv.DictReader(io.StringIO(text, newline=""))
    return pd.DataFrame(rows)[COLUMNS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world") / "raw"


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return write_world(folder, SETTINGS)


@pytest.fixture(scope="module")
def records(folder: Path, truth: Truth) -> pd.DataFrame:
    assert truth.n_files > 0
    return read_all(folder)


@pytest.fixture(scope="module")
def clean(records: pd.DataFrame) -> pd.DataFrame:
    """The clean events: those with an id of their own, once."""
    return records[records["event"].str.startswith("E", na=False)].drop_duplicates("event")


def test_same_settings_give_the_same_bytes(tmp_path: Path, folder: Path, truth: Truth) -> None:
    again = write_world(tmp_path / "raw", SETTINGS)
    assert again == truth
    names = [file.name for file in sorted(folder.iterdir())]
    assert [file.name for file in sorted((tmp_path / "raw").iterdir())] == names
    for name in names:
        assert (tmp_path / "raw" / name).read_bytes() == (folder / name).read_bytes()


def test_another_seed_gives_another_world(tmp_path: Path, truth: Truth) -> None:
    other = write_world(tmp_path / "raw", SETTINGS.model_copy(update={"seed": 7}))
    assert other.segments != truth.segments


def test_truth_lies_beside_the_folder_and_not_in_it(folder: Path, truth: Truth) -> None:
    read = json.loads((folder.parent / "truth.json").read_text())
    assert read == json.loads(json.dumps(asdict(truth)))
    assert len(list(folder.iterdir())) == truth.n_files == SETTINGS.days


def test_counts_add_up_to_the_records_in_the_files(truth: Truth, records: pd.DataFrame) -> None:
    assert len(records) == truth.n_records
    assert truth.n_records == truth.n_accepted + truth.n_duplicates + truth.n_quarantined
    assert sum(truth.reasons.values()) == truth.n_quarantined
    assert sum(truth.event_types.values()) == truth.n_accepted
    assert truth.n_accepted == pytest.approx(SETTINGS.n_events, rel=0.05)


def test_each_fault_is_in_the_files_as_often_as_the_truth_says(
    truth: Truth, records: pd.DataFrame
) -> None:
    same_id = records[records["event"].duplicated(keep=False) & records["event"].notna()]
    cut = records["product"].isna()
    found = {
        "missing_user_id": records["visitor"].eq("").sum(),
        "missing_item_id": records["product"].eq("").sum(),
        "missing_event_at": records["time"].eq("").sum(),
        "unparsable_event_at": records["time"].eq("around noon").sum(),
        "future_event_at": records["time"].str.startswith("2099").sum(),
        "missing_event_type": records["action"].eq("").sum(),
        "unknown_event_type": (~records["action"].isin([*ACTIONS, ""]) & ~cut).sum(),
        "unparsable_quantity": records["pieces"].eq("a few").sum(),
        "negative_quantity": (records["pieces"].eq("-1") & records["action"].eq("buy")).sum(),
        "conflicting_event_id": same_id["event"].nunique() - records.duplicated().sum(),
        "malformed_record": cut.sum(),
        "bad_encoding": records["product_name"].str.contains("\ufffd", na=False).sum(),
        "too_many_events": records["visitor"].eq(BOT).sum(),
    }
    assert found == truth.reasons
    assert records.duplicated().sum() == truth.n_duplicates > 0
    assert set(truth.reasons) == set(Dirt.model_fields) - {"duplicate"}


def test_the_bot_does_it_all_in_one_day(records: pd.DataFrame) -> None:
    days = records.loc[records["visitor"] == BOT, "time"].str[:10]
    assert days.nunique() == 1
    assert len(days) > 10_000


def test_the_odd_files_are_as_announced(folder: Path, truth: Truth) -> None:
    files = [file.read_bytes() for file in sorted(folder.iterdir())[: truth.n_files]]
    assert files[0].startswith(",".join(COLUMNS).encode())
    assert files[1].startswith(",".join(reversed(COLUMNS)).encode())
    assert files[2].startswith(b"\xef\xbb\xbf" + COLUMNS[0].encode())
    assert b"+02:00" in files[3]
    assert files[4].startswith(b'{"time"')
    assert any(b"\n(set of two)" in content for content in files)


def test_visitors_look_at_their_segments_categories(truth: Truth, clean: pd.DataFrame) -> None:
    looks = clean[clean["action"] == "look"]
    favourites = looks["visitor"].map(truth.segments).map(truth.favourites)
    hits = [
        category in pair
        for category, pair in zip(looks["product"].map(truth.categories), favourites, strict=True)
    ]
    assert sum(hits) / len(hits) == pytest.approx(SETTINGS.taste, abs=0.05)
    assert set(truth.segments.values()) == set(SEGMENTS)
    assert set(truth.categories.values()) == set(CATEGORIES)


def test_few_products_are_popular_and_many_are_not(clean: pd.DataFrame) -> None:
    counts = Counter(clean["product"]).most_common()
    tenth = sum(n for _, n in counts[: SETTINGS.n_items // 10])
    assert 0.3 < tenth / len(clean) < 0.8


def test_products_appear_over_time_and_never_before_their_day(clean: pd.DataFrame) -> None:
    looks = clean[clean["action"] == "look"]
    first = pd.to_datetime(looks["time"].str[:10]).groupby(looks["product"]).min()
    late = (first - first.min()).dt.days > 7
    assert 0.05 < late.mean() < 0.5


def test_nothing_is_bought_online_that_was_not_in_the_basket(clean: pd.DataFrame) -> None:
    online = clean[clean["channel"] != "shop"]
    steps = {
        action: set(zip(frame["visitor"], frame["product"], strict=True))
        for action, frame in online.groupby("action")
    }
    assert steps["bring_back"] <= steps["buy"] <= steps["basket"] <= steps["look"]
    assert set(clean.loc[clean["channel"] == "shop", "action"]) == {"buy", "bring_back"}


def test_what_is_brought_back_counts_negative(clean: pd.DataFrame) -> None:
    back = clean["action"] == "bring_back"
    assert (clean.loc[back, "pieces"].astype(int) < 0).all()
    assert (clean.loc[back, "amount"].astype(float) < 0).all()
    assert (clean.loc[clean["action"] == "buy", "amount"].astype(float) > 0).all()


def test_names_are_unique_also_beyond_the_stock_of_words(tmp_path: Path) -> None:
    settings = SyntheticSettings(n_items=2_600, n_events=60_000, n_users=50, zipf=0)
    write_world(tmp_path / "raw", settings)
    records = read_all(tmp_path / "raw").dropna()
    records = records[records["event"].str.startswith("E")]
    assert records.groupby("product_name")["product"].nunique().max() == 1
    assert records.groupby("product")["product_name"].nunique().max() == 1


def test_the_smallest_world_is_whole(tmp_path: Path) -> None:
    settings = SyntheticSettings(
        n_users=1, n_items=24, n_events=100, days=7, dirt=Dirt(too_many_events=0)
    )
    truth = write_world(tmp_path / "raw", settings)
    records = read_all(tmp_path / "raw")
    assert len(list((tmp_path / "raw").iterdir())) == 7
    assert (
        len(records)
        == truth.n_records
        == truth.n_accepted + truth.n_duplicates + sum(truth.reasons.values())
    )
