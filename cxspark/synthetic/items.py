"""The shop's products: readable names, categories, prices, popularity and day of appearance."""

import numpy as np
import pandas as pd

from cxspark.synthetic.settings import SyntheticSettings

# category -> what it is like, what it is. A name is one of each: "Oak side table".
CATEGORIES: dict[str, tuple[str, str]] = {
    "furniture": (
        "Oak, Walnut, Pine, Ash, Rattan, Painted, White, Folding, Small, Tall",
        "side table, bookcase, stool, bench, coat rack, desk, chair, shelf, cabinet, dresser",
    ),
    "lighting": (
        "Brass, Paper, Linen, Glass, Copper, Tripod, Wicker, Ceramic, Black, Frosted",
        "floor lamp, desk lamp, pendant, wall light, lantern, candlestick, spotlight, night light,"
        " reading lamp, lampshade",
    ),
    "textiles": (
        "Wool, Cotton, Velvet, Striped, Checked, Quilted, Knitted, Jute, Washed, Patchwork",
        "cushion, throw, curtain, rug, bedspread, tablecloth, doormat, pillowcase, blanket, pouffe",
    ),
    "bath": (
        "Lavender, Cedar, Bamboo, Stone, Rose, Mint, Charcoal, Honey, Citrus, Sea-salt",
        "soap, bath mat, hand towel, soap dish, bath salts, candle, hand cream, scrub, shampoo bar,"
        " sponge",
    ),
    "kitchen": (
        "Cast-iron, Steel, Enamel, Beech, Non-stick, Tin, Slate, Silicone, Marble, Aluminium",
        "saucepan, frying pan, mixing bowl, chopping board, kettle, colander, whisk, baking tray,"
        " casserole, measuring jug",
    ),
    "tableware": (
        "Stoneware, Porcelain, Blue, Hand-painted, Speckled, Bone-china, Terracotta, Gilded, Ivory,"
        " Fluted",
        "dinner plate, soup bowl, mug, teapot, serving dish, teacup, egg cup, milk jug,"
        " salt cellar, cake stand",
    ),
    "garden": (
        "Galvanised, Long-handled, Cedarwood, Zinc, Telescopic, Pruning, Weathered, Green, Sturdy,"
        " Cordless",
        "watering can, trowel, rake, bird house, planter, wheelbarrow, hose reel, trellis, shears,"
        " spade",
    ),
    "plants": (
        "Dwarf, Potted, Climbing, Hardy, Variegated, Scented, Trailing, Alpine, Evergreen, Wild",
        "fern, rose, ivy, rosemary, olive tree, jasmine, succulent, hydrangea, strawberry, cactus",
    ),
    "toys": (
        "Wooden, Plush, Wind-up, Magnetic, Tin-plate, Musical, Giant, Pocket, Pull-along, Rainbow",
        "train, bear, puzzle, farm, robot, spinning top, drum, rabbit, fire engine, xylophone",
    ),
    "crafts": (
        "Beginner's, Deluxe, Mini, Vintage, Pastel, Metallic, Natural, Bold, Travel, Classic",
        "knitting set, paint box, embroidery hoop, clay kit, sketchbook, bead box, sewing kit,"
        " stamp set, origami pack, weaving loom",
    ),
    "camping": (
        "Ultralight, Two-person, Thermal, Waterproof, Compact, Alpine-grade, Inflatable, Titanium,"
        " Solar, Four-season",
        "tent, sleeping bag, stove, head torch, mattress, flask, rucksack, hammock, mess tin, tarp",
    ),
    "cycling": (
        "Road, Touring, Reflective, Carbon, Leather, Padded, Gravel, City, Winter, Folding-bike",
        "saddle, helmet, pannier, bell, bottle cage, gloves, pump, lock, mudguard, lamp set",
    ),
}


def make_items(settings: SyntheticSettings, rng: np.random.Generator) -> pd.DataFrame:
    """The catalogue: one row per product, sorted by category and day of appearance.

    Columns: product, product_name, category (its place in CATEGORIES), price (amount), popularity
    (Zipf's law over a random order), first_day (from 0, most are there from the start).
    """
    n = settings.n_items
    category = np.arange(n) % len(CATEGORIES)
    is_new = rng.random(n) < settings.new_items
    is_new[: len(CATEGORIES)] = False  # every category has something to sell on the first day
    items = pd.DataFrame(
        {
            "product": [f"P{number:05d}" for number in range(1, n + 1)],
            "product_name": _names(n, rng),
            "category": category,
            "price": np.round(np.exp(rng.normal(3, 0.8, n)), 2),
            "popularity": 1 / (1.0 + rng.permutation(n)) ** settings.zipf,
            "first_day": np.where(is_new, rng.integers(1, settings.days, n), 0),
        }
    )
    return items.sort_values(["category", "first_day", "product"], ignore_index=True)


def _names(n: int, rng: np.random.Generator) -> list[str]:
    """Different names, product i of category i modulo their number; a few need quotes in CSV."""
    stock = [_combinations(*words, rng) for words in CATEGORIES.values()]
    names = []
    for number in range(n):
        series, place = divmod(number // len(stock), 100)
        name = stock[number % len(stock)][place]
        edition = f", series {series + 1}" if series else ""
        note = "\n(set of two)" if number % 97 == 13 else ""
        names.append(f"{name}{edition}{note}")
    return names


def _combinations(likes: str, things: str, rng: np.random.Generator) -> list[str]:
    """All hundred pairs of ten by ten words, shuffled."""
    pairs = [f"{like} {thing}" for like in likes.split(", ") for thing in things.split(", ")]
    return [pairs[place] for place in rng.permutation(len(pairs))]
