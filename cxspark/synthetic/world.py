"""The whole world: made from a seed, written as raw files, with the truth beside them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxspark.synthetic.behaviour import ACTIONS, make_events
from cxspark.synthetic.dirt import plant_dirt
from cxspark.synthetic.files import as_records, write_files
from cxspark.synthetic.items import CATEGORIES, make_items
from cxspark.synthetic.settings import SyntheticSettings
from cxspark.synthetic.visitors import SEGMENTS, make_visitors


@dataclass(frozen=True)
class Truth:
    """What is known of a world, for checking what is found in it.

    Attributes:
        n_files: raw files.
        n_records: records in them, faulty ones included: accepted + duplicates + quarantined.
        n_accepted: clean events.
        n_duplicates: records that repeat a clean one.
        n_quarantined: records to be rejected, each for one reason.
        reasons: reason -> records rejected for it; reasons that don't occur are left out.
        n_users: users with a clean event.
        n_items: items with a clean event.
        event_types: the suite's event type -> clean events.
        favourites: segment -> the categories its users are after.
        segments: user_id -> segment, for every user, also one who did nothing.
        categories: item_id -> category.
    """

    n_files: int
    n_records: int
    n_accepted: int
    n_duplicates: int
    n_quarantined: int
    reasons: dict[str, int]
    n_users: int
    n_items: int
    event_types: dict[str, int]
    favourites: dict[str, tuple[str, str]]
    segments: dict[str, str]
    categories: dict[str, str]


def write_world(folder: Path, settings: SyntheticSettings) -> Truth:
    """Write a shop's raw event files into `folder` and ``truth.json`` beside it.

    The same settings give the same bytes, whatever the day. Cost: about 3 s for 120,000 events.
    """
    rng = np.random.default_rng(settings.seed)
    items = make_items(settings, rng)
    visitors = make_visitors(settings, rng)
    events = make_events(items, visitors, settings=settings, rng=rng)
    records = plant_dirt(as_records(events, settings=settings), settings=settings, rng=rng)
    n_files = write_files(folder, records, settings=settings)
    truth = _truth(n_files, events, records, items, visitors)
    (folder.parent / "truth.json").write_text(json.dumps(asdict(truth), indent=1) + "\n")
    return truth


def _truth(
    n_files: int,
    events: pd.DataFrame,
    records: pd.DataFrame,
    items: pd.DataFrame,
    visitors: pd.DataFrame,
) -> Truth:
    faults = {str(fault): int(n) for fault, n in records["fault"].value_counts().items()}
    n_accepted, n_duplicates = faults.pop(""), faults.pop("duplicate", 0)
    types = events["action"].map(ACTIONS).value_counts()
    segments, categories = list(SEGMENTS), list(CATEGORIES)
    return Truth(
        n_files=n_files,
        n_records=len(records),
        n_accepted=n_accepted,
        n_duplicates=n_duplicates,
        n_quarantined=sum(faults.values()),
        reasons=faults,
        n_users=events["visitor"].nunique(),
        n_items=events["product"].nunique(),
        event_types={str(name): int(n) for name, n in types.items()},
        favourites=SEGMENTS,
        segments={user: segments[n] for user, n in visitors[["visitor", "segment"]].values},
        categories={item: categories[n] for item, n in items[["product", "category"]].values},
    )
