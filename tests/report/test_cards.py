from dataclasses import replace

import pytest
from pyspark.sql import Row

from cxspark.report.cards import Card, lay_out_card, told_part
from cxspark.report.findings import CloseUp, Findings


def reason(kind: str, id_: str, contribution: float) -> Row:
    return Row(kind=kind, id=id_, distance=None, contribution=contribution)


def suggestion(algorithm: str, score: float, *reasons: Row) -> Row:
    return Row(
        algorithm=algorithm,
        user_id="u",
        rank=1,
        item_id="i1",
        score=score,
        origin="model",
        reasons=list(reasons),
    )


def card_of(*suggestions: Row, names: dict[str, str] | None = None) -> Card:
    return lay_out_card("u", CloseUp(users=["u"], suggestions=suggestions), names or {})


def told(algorithm: str, *suggestions: Row, names: dict[str, str] | None = None) -> list[object]:
    (one,) = card_of(*suggestions, names=names).lists[algorithm]
    return [(lead, [(part.name, part.told) for part in parts]) for lead, parts in one.reasons]


def test_a_neighbor_keeps_her_colour_and_a_lost_one_is_grey(findings: Findings) -> None:
    card = lay_out_card("u<b>", findings.close_up, {})
    first, second = card.lists["user_knn"]
    ((_, reasons),) = first.reasons
    assert [(one.name, one.width, one.role) for one in reasons] == [
        ("v", 0.75, "series-1"),
        ("gone", 0.25, "series-6"),
    ]
    assert second.reasons == []


def test_each_algorithm_has_a_list_the_default_first() -> None:
    algorithms = ["zebra", "user_knn", "als", "blend"]
    card = card_of(*(suggestion(name, 1.0) for name in algorithms))
    assert list(card.lists) == ["blend", "als", "user_knn", "zebra"]
    assert card_of().lists == {}


def test_reasons_of_every_kind_are_told_in_words_and_add_up() -> None:
    parts = [
        reason("item", "i3", 1.2),
        reason("other", "", 0.6),
        reason("popularity", "i1", 0.5),
        reason("item", "i4", -0.3),
    ]
    assert told("als", suggestion("als", 2.0, *parts), names={"i3": "Linen lamp"}) == [
        ("Because of", [("Linen lamp", "60%"), ("i4", "-15%")]),
        ("", [("popular now", "25%")]),
        ("", [("all else", "30%")]),
    ]


def test_many_reasons_end_in_one_for_the_others() -> None:
    row = suggestion("user_knn", 8.0, *(reason("neighbor", f"v{i}", 1.0) for i in range(8)))
    near, others = told("user_knn", row)
    assert near == ("Customers near have it:", [(f"v{i}", "12%") for i in range(5)])
    assert others == ("", [("3 more", "38%")])


def test_an_item_keeps_its_colour_over_the_lists_of_a_card() -> None:
    rows = [
        suggestion("als", 3.0, reason("item", "a", 2.0), reason("item", "b", 1.0)),
        suggestion("blend", 1.0, reason("item", "b", 0.6), reason("item", "a", 0.4)),
    ]
    roles = {
        part.name: part.role
        for suggestions in card_of(*rows).lists.values()
        for one in suggestions
        for _, parts in one.reasons
        for part in parts
    }
    assert roles == {"a": "series-1", "b": "series-2"}


def test_an_unknown_customer_has_no_facts(findings: Findings) -> None:
    card = lay_out_card("stranger", replace(findings.close_up), {})
    assert (card.facts, list(card.lists), card.roles) == (None, [], {})


@pytest.mark.parametrize("score", [0.0, -1.5])
def test_a_score_that_isn_t_above_0_has_no_shares(score: float) -> None:
    assert told_part(-0.25, score) == "-0.25"
