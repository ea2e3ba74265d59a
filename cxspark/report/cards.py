"""A customer's card: one list per recommender, and why each item stands in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Row

from cxspark.report.findings import CloseUp
from cxspark.report.models import in_order

GREY = "series-6"
# Reasons told of one item; the others are told together.
_TOLD = 5
_COLOURS = 5
# Kind of reason -> what stands before those of this kind.
_LEADS = {"neighbor": "Customers near have it:", "item": "Because of"}
_NAMELESS = {"popularity": "popular now", "other": "all else"}


@dataclass(frozen=True)
class Reason:
    """One part of a recommendation's score.

    Attributes:
        kind: neighbor, item, popularity or other.
        name: whose, or what it is.
        row: as in the table; None for several together.
        told: its part of the score: a share, or a number where the score isn't above 0.
        width: its size beside the others', from 0 to 1.
        role: its colour.
    """

    kind: str
    name: str
    row: Row | None
    told: str
    width: float
    role: str


@dataclass(frozen=True)
class Suggestion:
    """An item suggested, and its reasons by kind: what stands before them, and they."""

    row: Row
    reasons: Sequence[tuple[str, Sequence[Reason]]]


@dataclass(frozen=True)
class Card:
    """One customer in detail; `facts` is None where the matrix doesn't know her.

    Attributes:
        user_id: who.
        facts: what is known of her in all.
        history: what she cares about most.
        neighbors: who is near her.
        lists: algorithm -> what it suggests, the suite's default first.
        roles: neighbor_id -> her colour on the whole card.
    """

    user_id: str
    facts: Row | None
    history: Sequence[Row]
    neighbors: Sequence[Row]
    lists: Mapping[str, Sequence[Suggestion]]
    roles: Mapping[str, str]


def lay_out_card(user_id: str, close_up: CloseUp, names: Mapping[str, str]) -> Card:
    """What the page shows of one customer; a neighbour, or an item, keeps its colour on the card.

    Args:
        user_id: who.
        close_up: of her and others.
        names: item_id -> item_name, of items that have one.
    """
    facts, history, suggestions, near = (
        [row for row in rows if row["user_id"] == user_id]
        for rows in (close_up.facts, close_up.history, close_up.suggestions, close_up.neighbors)
    )
    roles = {row["neighbor_id"]: f"series-{min(row['rank'], 6)}" for row in near}
    by_kind = {"neighbor": roles, "item": _item_roles(suggestions)}
    lists = {
        name: [
            Suggestion(row, _grouped(_reasons(row, by_kind, names)))
            for row in suggestions
            if row["algorithm"] == name
        ]
        for name in in_order(row["algorithm"] for row in suggestions)
    }
    return Card(user_id, facts[0] if facts else None, history, near, lists, roles)


def told_part(contribution: float, score: float) -> str:
    """A contribution as its share of the score, or itself where the score isn't above 0.

    Shares add up to 100%; what speaks against the item has a minus.

    Example:
        >>> [told_part(part, 2.0) for part in (1.26, 2.4, -0.01, 0.0)]
        ['63%', '120%', '-0.5%', '0%']
        >>> told_part(0.25, -1.0)
        '+0.25'
    """
    share = 100 * contribution / score if score > 0 else 0.0
    if score <= 0:
        told = f"{contribution:+.3g}"
    elif share == 0 or abs(share) >= 1:
        told = f"{share:.0f}%"
    else:
        told = f"{share:.1g}%"
    return told


def _reasons(
    suggestion: Row, roles: Mapping[str, Mapping[str, str]], names: Mapping[str, str]
) -> list[Reason]:
    """The weightiest, and one for all others."""
    rows, score = suggestion["reasons"], suggestion["score"]
    total = sum(abs(row["contribution"]) for row in rows) or 1.0
    told = [
        Reason(
            row["kind"],
            _NAMELESS.get(row["kind"]) or names.get(row["id"], row["id"]),
            row,
            told_part(row["contribution"], score),
            abs(row["contribution"]) / total,
            roles.get(row["kind"], {}).get(row["id"], GREY),
        )
        for row in rows[:_TOLD]
    ]
    left = [row["contribution"] for row in rows[_TOLD:]]
    if left:
        width = sum(map(abs, left)) / total
        part = told_part(sum(left), score)
        told.append(Reason("other", f"{len(left)} more", None, part, width, GREY))
    return told


def _grouped(reasons: Sequence[Reason]) -> list[tuple[str, list[Reason]]]:
    """By kind, in the order in which the kinds come up; what isn't told singly comes last."""
    kinds = sorted(dict.fromkeys(one.kind for one in reasons), key=lambda kind: kind == "other")
    return [(_LEADS.get(kind, ""), [one for one in reasons if one.kind == kind]) for kind in kinds]


def _item_roles(suggestions: Sequence[Row]) -> dict[str, str]:
    """A colour for each of the items that give most of the reasons."""
    parts: dict[str, float] = {}
    for suggestion in suggestions:
        total = sum(abs(row["contribution"]) for row in suggestion["reasons"]) or 1.0
        for row in suggestion["reasons"]:
            if row["kind"] == "item":
                parts[row["id"]] = parts.get(row["id"], 0.0) + abs(row["contribution"]) / total
    first = sorted(parts, key=lambda name: (-parts[name], name))[:_COLOURS]
    return {name: f"series-{place}" for place, name in enumerate(first, 1)}
