"""The shop's visitors: each belongs to a segment, and a segment has its favourite categories."""

import numpy as np
import pandas as pd

from cxspark.synthetic.settings import SyntheticSettings

SEGMENTS: dict[str, tuple[str, str]] = {
    "decorators": ("furniture", "lighting"),
    "homebodies": ("textiles", "bath"),
    "cooks": ("kitchen", "tableware"),
    "gardeners": ("garden", "plants"),
    "parents": ("toys", "crafts"),
    "explorers": ("camping", "cycling"),
}

CHANNELS = {"web": 0.55, "app": 0.35, "shop": 0.10}


def make_visitors(settings: SyntheticSettings, rng: np.random.Generator) -> pd.DataFrame:
    """One row per visitor: visitor, segment (its place in SEGMENTS), activity (sums to 1).

    Activity is skewed: a tenth of the visitors makes about a third of the visits.
    """
    n = settings.n_users
    activity = rng.gamma(1.2, size=n)
    return pd.DataFrame(
        {
            "visitor": [f"V{number:05d}" for number in range(1, n + 1)],
            "segment": rng.integers(0, len(SEGMENTS), n),
            "activity": activity / activity.sum(),
        }
    )
