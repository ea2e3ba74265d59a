"""Planted faults: copies of clean records, each spoiled in one known way."""

import numpy as np
import pandas as pd

from cxspark.synthetic.behaviour import DAY_SECONDS
from cxspark.synthetic.settings import SyntheticSettings

# The ingest's reason for rejecting it -> the field that is spoiled and what it says instead.
_SPOILED = {
    "missing_user_id": ("visitor", ""),
    "missing_item_id": ("product", ""),
    "missing_event_at": ("time", ""),
    "unparsable_event_at": ("time", "around noon"),
    "future_event_at": ("time", "2099-01-01 00:00:00"),
    "missing_event_type": ("action", ""),
    "unknown_event_type": ("action", "hover"),
    "unparsable_quantity": ("pieces", "a few"),
    "negative_quantity": ("pieces", "-1"),
    "conflicting_event_id": ("amount", "0.01"),
    "bad_encoding": ("product_name", "Café chair"),
}
# These say again what another record said, under its id; all others get an id of their own.
_SAME_ID = ("duplicate", "conflicting_event_id")
BOT = "V-crawler"


def plant_dirt(
    records: pd.DataFrame, *, settings: SyntheticSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """The clean records followed by the faulty ones, in the same columns.

    Args:
        records: clean records as text, with day, is_plain (a CSV file without oddities) and fault,
            which is empty. Copies are made of purchases in plain files, each of another one.
        settings: how many.
        rng: chooses which.

    Returns:
        The records and the faulty copies, whose fault is the ingest's reason, or duplicate.
        Malformed ones are still whole: they are cut when they are written.
    """
    shares = settings.dirt.model_dump(exclude={"too_many_events"})
    counts = {fault: round(share * len(records)) for fault, share in shares.items()}
    victims = records.index[records["is_plain"] & records["action"].eq("buy")].to_numpy()
    chosen = rng.choice(victims, min(len(victims), sum(counts.values())), replace=False)
    faults = np.repeat(list(counts), list(counts.values()))[: len(chosen)]
    dirt = records.loc[chosen].assign(fault=faults)
    for fault, (field, text) in _SPOILED.items():
        dirt.loc[dirt["fault"].eq(fault), field] = text
    renamed = ~dirt["fault"].isin(_SAME_ID)
    dirt.loc[renamed, "event"] = [f"F{number:07d}" for number in range(1, renamed.sum() + 1)]
    return pd.concat([records, dirt, _bot(records, settings.dirt.too_many_events)])


def _bot(records: pd.DataFrame, n_events: int) -> pd.DataFrame:
    """One visitor who looks at products all through one day, as fast as it takes."""
    day = records.loc[records["is_plain"], "day"].iloc[-1]
    seconds = np.arange(n_events) * DAY_SECONDS // max(n_events, 1)
    instants = np.datetime64(day, "s") + seconds.astype("timedelta64[s]")
    looked_at = np.arange(n_events) % len(records)
    return pd.DataFrame(
        {
            "event": [f"B{number:07d}" for number in range(1, n_events + 1)],
            "time": pd.Series(instants).dt.strftime("%Y-%m-%d %H:%M:%S"),
            "visitor": BOT,
            "product": records["product"].to_numpy()[looked_at],
            "product_name": records["product_name"].to_numpy()[looked_at],
            "action": "look",
            "channel": "web",
            "pieces": "",
            "amount": "",
            "day": day,
            "is_plain": True,
            "fault": "too_many_events",
        }
    )
