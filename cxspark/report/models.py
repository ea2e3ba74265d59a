"""Recommenders as people know them: what each goes by, and its settings in words."""

import json
from collections.abc import Iterable
from typing import Any

_GOES_BY = {
    "popular": "what most customers have",
    "popular_recent": "what most customers took lately",
    "user_knn": "what the nearest customers like",
    "item_knn": "items like those they have",
    "ease": "items that go together",
    "als": "tastes learnt from everyone's items",
    "blend": "the best personal model, and what is popular lately",
}
_FIRST = ("blend", "als", "user_knn")


def goes_by(algorithm: str) -> str:
    """What a recommender goes by, in a few words; nothing for one that isn't known here."""
    return _GOES_BY.get(algorithm, "")


def in_order(algorithms: Iterable[str]) -> list[str]:
    """Each algorithm once: the suite's default first, those not known here last, by name.

    Example:
        >>> in_order(["zebra", "user_knn", "als", "zebra"])
        ['als', 'user_knn', 'zebra']
    """
    places = {name: place for place, name in enumerate(_FIRST)}
    return sorted(set(algorithms), key=lambda name: (places.get(name, len(places)), name))


def settings_in_words(text: str | None) -> str:
    """A model's settings, kept as JSON, for people; what isn't JSON stays as it is.

    Example:
        >>> settings_in_words('{"algorithm": "x", "half_life": null, "shares": [0.5]}')
        'half life none, shares 0.5'
        >>> settings_in_words('{"algorithm": "x", "personal": {"algorithm": "ease", "reg": 30.0}}')
        'personal ease (reg 30)'
        >>> settings_in_words('{"algorithm": "popular"}')
        'none to choose'
    """
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return text or ""
    return _told(values) if isinstance(values, dict) else str(text)


def _told(values: dict[str, Any]) -> str:
    parts = [f"{name.replace('_', ' ')} {_value(value)}" for name, value in values.items()]
    kept = [part for name, part in zip(values, parts, strict=True) if name != "algorithm"]
    return ", ".join(kept) or "none to choose"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value.get('algorithm', '')} ({_told(value)})".strip()
    if isinstance(value, list):
        return " or ".join(map(_value, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
