"""What the visitors do: visits, looks, baskets, purchases and returns, in the shop's own words."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxspark.synthetic.items import CATEGORIES
from cxspark.synthetic.settings import SyntheticSettings
from cxspark.synthetic.visitors import CHANNELS, SEGMENTS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# The shop's words -> the suite's.
ACTIONS = {"look": "view", "basket": "cart", "buy": "purchase", "bring_back": "return"}

DAY_SECONDS = 86_400
_MONDAY_TO_SUNDAY = (0.9, 0.9, 0.95, 1.0, 1.1, 1.3, 0.85)
_LOOKS_PER_VISIT = 4
# Day of the year on which a category sells best; the others don't mind the season.
_PEAK_DAY = {"garden": 140, "plants": 120, "camping": 195, "cycling": 170, "toys": 350}


def make_events(
    items: pd.DataFrame,
    visitors: pd.DataFrame,
    *,
    settings: SyntheticSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The clean events, one row each, by time.

    Columns: event (id), second (from the first day's midnight), visitor, product, product_name,
    action, channel, pieces and amount (both null where nothing is moved, negative for what is
    brought back). Online a look may lead to a basket and that to a purchase; in the shop only
    purchases are seen. What would fall after the last day is dropped.
    """
    looks = _looks(items, visitors, settings=settings, rng=rng)
    in_shop = looks["channel"].eq("shop").to_numpy()
    chance = rng.random((3, len(looks)))
    in_basket = ~in_shop & (chance[0] < settings.cart_rate)
    bought = in_shop | (in_basket & (chance[1] < settings.purchase_rate))
    returned = bought & (chance[2] < settings.return_rate)
    delay = rng.integers(2 * DAY_SECONDS, 15 * DAY_SECONDS, len(looks))
    stages = [
        looks.loc[~in_shop].assign(action="look", pieces=np.nan),
        looks.loc[in_basket].assign(action="basket", second=looks["second"] + 20),
        looks.loc[bought].assign(action="buy", second=looks["second"] + 300),
        looks.loc[returned].assign(
            action="bring_back", second=looks["second"] + delay, pieces=-looks["pieces"]
        ),
    ]
    events: pd.DataFrame = pd.concat(stages).sort_values(["second", "visitor"], kind="stable")
    events = events[events["second"] < settings.days * DAY_SECONDS].reset_index(drop=True)
    moved = events["action"].isin(["buy", "bring_back"])
    events["amount"] = (events["price"] * events["pieces"]).where(moved).round(2)
    events["event"] = [f"E{number:07d}" for number in range(1, len(events) + 1)]
    columns = "event second visitor product product_name action channel pieces amount"
    return events.loc[:, columns.split()]


def _looks(
    items: pd.DataFrame,
    visitors: pd.DataFrame,
    *,
    settings: SyntheticSettings,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row per product looked at in a visit."""
    n_visits = max(1, round(settings.n_events / _events_per_look(settings) / _LOOKS_PER_VISIT))
    visitor = rng.choice(len(visitors), n_visits, p=visitors["activity"].to_numpy())
    day = rng.choice(settings.days, n_visits, p=_busyness(settings))
    start = day * DAY_SECONDS + (rng.triangular(7, 20, 24, n_visits) * 3600).astype(np.int64)
    channel = rng.choice(list(CHANNELS), n_visits, p=list(CHANNELS.values()))
    visit = np.repeat(np.arange(n_visits), 1 + rng.poisson(_LOOKS_PER_VISIT - 1, n_visits))
    pause = pd.Series(rng.integers(5, 120, len(visit)))
    segment = visitors["segment"].to_numpy()[visitor]
    category = _draw(_interest(settings)[segment[visit], day[visit]], rng)
    item = items.iloc[_choose_items(items, category, day[visit], rng)]
    return pd.DataFrame(
        {
            "visitor": visitors["visitor"].to_numpy()[visitor[visit]],
            "channel": channel[visit],
            "second": start[visit] + pause.groupby(visit).cumsum().to_numpy(),
            "product": item["product"].to_numpy(),
            "product_name": item["product_name"].to_numpy(),
            "price": item["price"].to_numpy(),
            "pieces": 1 + rng.poisson(0.3, len(visit)),
        }
    )


def _events_per_look(settings: SyntheticSettings) -> float:
    """Expected events for each product looked at; returns that come too late are neglected."""
    online = 1 - CHANNELS["shop"]
    purchases = online * settings.cart_rate * settings.purchase_rate + CHANNELS["shop"]
    return online * (1 + settings.cart_rate) + purchases * (1 + settings.return_rate)


def _dates(settings: SyntheticSettings) -> pd.DatetimeIndex:
    return pd.date_range(end=settings.last_day, periods=settings.days)


def _busyness(settings: SyntheticSettings) -> Floats:
    """Share of the visits that falls on each day: by weekday, and more towards December."""
    dates = _dates(settings)
    weekday = np.array(_MONDAY_TO_SUNDAY)[dates.dayofweek]
    year = 1 + settings.season * np.cos(2 * np.pi * (dates.dayofyear.to_numpy() - 350) / 365)
    return np.asarray(weekday * year / (weekday * year).sum())


def _interest(settings: SyntheticSettings) -> Floats:
    """Chance of each category: segments x days x categories, summing to 1 over the last."""
    names = list(CATEGORIES)
    tastes = np.full((len(SEGMENTS), len(names)), (1 - settings.taste) / (len(names) - 2))
    for row, favourites in enumerate(SEGMENTS.values()):
        tastes[row, [names.index(name) for name in favourites]] = settings.taste / 2
    season = np.ones((settings.days, len(names)))
    for name, peak in _PEAK_DAY.items():
        phase = 2 * np.pi * (_dates(settings).dayofyear.to_numpy() - peak) / 365
        season[:, names.index(name)] += settings.season * np.cos(phase)
    chances = tastes[:, None, :] * season[None, :, :]
    return np.asarray(chances / chances.sum(axis=2, keepdims=True))


def _draw(chances: Floats, rng: np.random.Generator) -> Integers:
    """One draw from each row of chances."""
    bounds = chances.cumsum(axis=1)[:, :-1]
    return np.asarray((rng.random((len(chances), 1)) > bounds).sum(axis=1))


def _choose_items(
    items: pd.DataFrame, category: Integers, day: Integers, rng: np.random.Generator
) -> Integers:
    """A product of each category by popularity, among those that have appeared by that day.

    Items are sorted by category and first day, so those to choose from are one stretch, and a
    uniform number between its ends in the running sum of popularity falls on the right one.
    """
    order = items["category"].to_numpy() * 100_000 + items["first_day"].to_numpy()
    first = np.searchsorted(order, category * 100_000)
    last = np.searchsorted(order, category * 100_000 + day, side="right")
    total = np.concatenate([[0.0], items["popularity"].to_numpy().cumsum()])
    point = total[first] + rng.random(len(category)) * (total[last] - total[first])
    return np.asarray(np.clip(np.searchsorted(total, point, side="right") - 1, first, last - 1))
