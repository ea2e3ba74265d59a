"""The world's raw files: one a day, most of them plain CSV, a few with an oddity each."""

import json
from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cxspark.synthetic.behaviour import DAY_SECONDS
from cxspark.synthetic.settings import SyntheticSettings

# The shop's own names for them: what a mapping in conf/sources is for.
COLUMNS = [
    *("time", "visitor", "product", "product_name", "action"),
    *("channel", "pieces", "amount", "event"),
]

# The day, from 0, whose file is odd, and its oddity; every other file is plain.
ODD_DAYS = {1: "reordered", 2: "bom", 3: "zoned", 4: "jsonl"}

_ZONE_HOURS = 2


def as_records(events: pd.DataFrame, *, settings: SyntheticSettings) -> pd.DataFrame:
    """Clean events as the text that is written: COLUMNS, day, is_plain and an empty fault."""
    number = events["second"] // DAY_SECONDS
    first_day = np.datetime64(settings.last_day, "s") - np.timedelta64(settings.days - 1, "D")
    instant = pd.Series(first_day + events["second"].to_numpy().astype("timedelta64[s]"))
    local = instant + pd.Timedelta(hours=_ZONE_HOURS)
    zoned = local.dt.strftime(f"%Y-%m-%dT%H:%M:%S+{_ZONE_HOURS:02d}:00")
    is_zoned = number.map(ODD_DAYS).eq("zoned").to_numpy()
    day = np.datetime_as_string(instant.to_numpy(), unit="D")
    return events.assign(
        time=instant.dt.strftime("%Y-%m-%d %H:%M:%S").mask(is_zoned, zoned).to_numpy(),
        pieces=_text(events["pieces"], "{:.0f}"),
        amount=_text(events["amount"], "{:.2f}"),
        day=day,
        is_plain=~number.isin(list(ODD_DAYS)),
        fault="",
    )[[*COLUMNS, "day", "is_plain", "fault"]]


def write_files(folder: Path, records: pd.DataFrame, *, settings: SyntheticSettings) -> int:
    """Write a file for each day, also for one on which nothing happened.

    Returns:
        How many files there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    days = pd.date_range(end=settings.last_day, periods=settings.days).strftime("%Y-%m-%d")
    of_day = dict(list(records.groupby("day")))
    for number, day in enumerate(days):
        oddity = ODD_DAYS.get(number, "")
        suffix = "jsonl" if oddity == "jsonl" else "csv"
        content = _content(of_day.get(day, records.iloc[:0]), oddity)
        (folder / f"events-{day}.{suffix}").write_bytes(content)
    return len(days)


def _content(records: pd.DataFrame, oddity: str) -> bytes:
    if oddity == "jsonl":
        return "".join(_json_line(row) for row in records[COLUMNS].to_dict("records")).encode()
    columns = COLUMNS[::-1] if oddity == "reordered" else COLUMNS
    cut = records["fault"].eq("malformed_record")
    latin = records["fault"].eq("bad_encoding")
    parts = [
        records[~cut & ~latin].to_csv(columns=columns, index=False, lineterminator="\n").encode(),
        # A writer that died: two fields, and the line ends.
        records[cut].to_csv(columns=columns[:2], index=False, header=False).encode(),
        records[latin].to_csv(columns=columns, index=False, header=False).encode("latin-1"),
    ]
    return (b"\xef\xbb\xbf" if oddity == "bom" else b"") + b"".join(parts)


def _json_line(row: Mapping[Hashable, str]) -> str:
    """One object; what is empty in CSV is no key in JSON."""
    return json.dumps({name: text for name, text in row.items() if text != ""}) + "\n"


def _text(values: "pd.Series[float]", pattern: str) -> "pd.Series[str]":
    return values.map(pattern.format, na_action="ignore").fillna("").astype(str)
