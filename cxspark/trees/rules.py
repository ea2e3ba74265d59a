"""A fitted tree as rules that people can read."""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cxspark.trees.encoding import UNKNOWN, CategorySlot, FlagSlot, NumberSlot, Slot

_SPLIT = re.compile(
    r"(?:If|Else) \(feature (?P<place>\d+) "
    r"(?:(?P<sign><=|>) (?P<number>\S+)|(?P<not>not )?in \{(?P<places>[^}]*)\})\)"
)


@dataclass(frozen=True)
class Condition:
    """One branch that was taken.

    Attributes:
        place: of the vector.
        low: the number lies above it; None if there's no such bound.
        high: the number is at most it; None likewise.
        among: the category is at one of these places; None for a number.
    """

    place: int
    low: float | None = None
    high: float | None = None
    among: frozenset[int] | None = None


def parse_leaves(text: str, slots: Sequence[Slot]) -> list[tuple[Condition, ...]]:
    '''What leads to each leaf of a tree, as its ``toDebugString`` tells.

    Args:
        text: of a fitted tree; leaves come in the order in which MLlib numbers them.
        slots: what its features mean.

    Returns:
        The conditions from the root, one per split.

    Example:
        >>> from cxspark.trees.encoding import NumberSlot
        >>> text = """If (feature 0 <= 3.5)
        ...  Predict: 0.0
        ... Else (feature 0 > 3.5)
        ...  Predict: 1.0"""
        >>> slots = [NumberSlot("age", 40.0, False)]
        >>> [read_condition(one, slots) for (one,) in parse_leaves(text, slots)]
        ['age <= 3.5', 'age > 3.5']
    '''
    leaves: list[tuple[Condition, ...]] = []
    taken: list[Condition] = []
    depth_of_first: int | None = None
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        if found := _SPLIT.search(line):
            depth_of_first = depth if depth_of_first is None else depth_of_first
            taken = [*taken[: depth - depth_of_first], _condition(found, slots)]
        elif "Predict:" in line:
            level = 0 if depth_of_first is None else depth - depth_of_first
            leaves.append(tuple(taken[:level]))
    return leaves


def draw_together(taken: Sequence[Condition]) -> tuple[Condition, ...]:
    """One condition per number or category, in the order in which they were first met.

    Example:
        >>> draw_together([Condition(0, high=9.0), Condition(0, low=1.0)])
        (Condition(place=0, low=1.0, high=9.0, among=None),)
    """
    found: dict[int, Condition] = {}
    for one in taken:
        before = found.get(one.place, Condition(one.place))
        lows = [bound for bound in (before.low, one.low) if bound is not None]
        highs = [bound for bound in (before.high, one.high) if bound is not None]
        sets = [among for among in (before.among, one.among) if among is not None]
        found[one.place] = Condition(
            one.place,
            max(lows, default=None),
            min(highs, default=None),
            frozenset.intersection(*sets) if sets else None,
        )
    return tuple(found.values())


def read_splits(taken: Sequence[Condition], slots: Sequence[Slot]) -> list[str]:
    """Each split in words, as one knows it who has come down to it."""
    return [
        read_condition(one, slots, known=_told(taken[:place], slots, is_known=True))
        for place, one in enumerate(taken)
    ]


def read_path(taken: Sequence[Condition], slots: Sequence[Slot]) -> str:
    """What all splits come to: nothing twice, and nothing of a number that isn't known.

    Example:
        >>> slots = [NumberSlot("age", 40.0, True), FlagSlot("age")]
        >>> up_to_50, flags = Condition(0, high=50.0), (Condition(1, 0.5), Condition(1, high=0.5))
        >>> [read_path([up_to_50, flag], slots) for flag in flags]
        ['age is unknown', 'age <= 50']
    """
    known, unknown = (_told(taken, slots, is_known=told) for told in (True, False))
    numbers = {slots[one.place].name for one in taken if isinstance(slots[one.place], NumberSlot)}
    texts = []
    for one in draw_together(taken):
        slot = slots[one.place]
        is_told_by_flag = isinstance(slot, NumberSlot) and slot.name in unknown
        is_told_by_number = isinstance(slot, FlagSlot) and slot.name in known & numbers
        if not (is_told_by_flag or is_told_by_number):
            texts.append(read_condition(one, slots, known=known))
    return " and ".join(texts)


def read_condition(
    one: Condition, slots: Sequence[Slot], *, known: Collection[str] = frozenset()
) -> str:
    """The condition in words; it says where customers go whose value isn't known.

    Args:
        one: the condition.
        slots: what the vector's places mean.
        known: numbers of which the conditions before it say that they are known.
    """
    slot = slots[one.place]
    if isinstance(slot, FlagSlot):
        return f"{slot.name} is {'known' if one.low is None else UNKNOWN}"
    if isinstance(slot, CategorySlot):
        return f"{slot.name} is {_listed(one.among or frozenset(), slot)}"
    low, high = one.low, one.high
    if low is None:
        text = f"{slot.name} <= {_short(high)}"
    elif high is None:
        text = f"{slot.name} > {_short(low)}"
    else:
        text = f"{_short(low)} < {slot.name} <= {_short(high)}"
    holds_median = (low is None or low < slot.median) and (high is None or slot.median <= high)
    may_be_unknown = slot.has_missing and slot.name not in known
    return f"{text} or {UNKNOWN}" if may_be_unknown and holds_median else text


def _told(taken: Sequence[Condition], slots: Sequence[Slot], *, is_known: bool) -> set[str]:
    """The numbers of which it is told that they are known, or that they aren't."""
    return {
        slots[one.place].name
        for one in taken
        if isinstance(slots[one.place], FlagSlot) and (one.low is None) == is_known
    }


def _condition(found: re.Match[str], slots: Sequence[Slot]) -> Condition:
    place = int(found["place"])
    if found["sign"] == "<=":
        return Condition(place, high=float(found["number"]))
    if found["sign"] == ">":
        return Condition(place, low=float(found["number"]))
    among = frozenset(int(float(one)) for one in found["places"].split(",") if one)
    slot = slots[place]
    if found["not"] and isinstance(slot, CategorySlot):
        among = frozenset(range(len(slot.values))) - among
    return Condition(place, among=among)


def _listed(among: frozenset[int], slot: CategorySlot) -> str:
    """Those there are, or those that aren't, whichever is shorter; not what was never met."""
    met = [(place, text) for place, text in enumerate(slot.values) if text not in slot.unseen]
    inside = [text for place, text in met if place in among]
    outside = [text for place, text in met if place not in among]
    if not inside or (outside and len(outside) < len(inside)):
        return f"not {_joined(outside, 'or')}"
    return _joined(inside, "or")


def _joined(texts: Sequence[str], word: str) -> str:
    return f" {word} ".join([", ".join(texts[:-1]), texts[-1]] if texts[1:] else texts)


def _short(number: float | None) -> str:
    """Six digits: enough to tell neighbours apart, few enough to be read; more before the point.

    Example:
        >>> [_short(number) for number in (0.00001234567, 17.5, 1234567.5, -20000000.0)]
        ['0.0000123457', '17.5', '1234567.5', '-20000000']
    """
    if number is None or not 1e-5 <= abs(number) < 1e15:
        return f"{number:.6g}"
    digits = max(6 - 1 - math.floor(math.log10(abs(number))), 1)
    return f"{number:.{digits}f}".rstrip("0").rstrip(".")
