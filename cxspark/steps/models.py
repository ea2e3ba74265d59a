"""The recommenders that settings ask for, from whichever room they come."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cxspark.contracts.errors import ContractError
from cxspark.contracts.evaluation import MODEL_TRIALS
from cxspark.evaluation.recommender import Recommender
from cxspark.evaluation.selection import CHOSEN_BY, Selection, Window
from cxspark.evaluation.settings import EvaluateRecommendersSettings
from cxspark.factorization.als_recommender import AlsRecommender
from cxspark.factorization.blend import Blend
from cxspark.factorization.ease import Ease
from cxspark.factorization.item_knn import ItemKnn
from cxspark.factorization.popularity import Popular, PopularRecently
from cxspark.factorization.scoring import PersonalRecommender
from cxspark.neighbors.user_knn import UserKnn

BASELINE, DEFAULT = PopularRecently.algorithm, Blend.algorithm

Settings = EvaluateRecommendersSettings

log = logging.getLogger("cxspark")

_CANDIDATES: dict[str, Callable[[Settings], Sequence[Recommender]]] = {
    Popular.algorithm: lambda _: [Popular()],
    BASELINE: lambda s: [PopularRecently(*_popular_ways(s))],
    UserKnn.algorithm: lambda s: [
        UserKnn(days, s.k_users, metric, s.user_weight)
        for days in s.few_half_lives
        for metric in s.user_metrics
    ],
    ItemKnn.algorithm: lambda s: [
        ItemKnn(days, s.neighbors, s.shrinkages, s.max_items) for days in s.few_half_lives
    ],
    Ease.algorithm: lambda s: [Ease(days, s.penalties, s.max_items) for days in s.half_lives],
    AlsRecommender.algorithm: lambda s: [
        AlsRecommender(days, s.ranks[0], s.regs[0], s.alphas[0], s.iterations[0], s.seed)
        for days in s.few_half_lives
    ],
}


def select_models(windows: Sequence[Window], settings: Settings) -> list[Selection]:
    """Of each algorithm the settings that did best, and a blend with the best personal model.

    Args:
        windows: those to choose on.
        settings: what is tried.

    Returns:
        One per algorithm, in the order of ``_CANDIDATES``; a blend last, where there is a personal
        model.
    """
    asked = [name for name in _CANDIDATES if name in (*settings.algorithms, BASELINE)]
    chosen = [_select(_CANDIDATES[name](settings), windows, settings) for name in asked]
    found = {one.best_: one.value_ for one in chosen}
    personal = [one for one in found if isinstance(one, PersonalRecommender)]
    if personal:
        best = max(personal, key=lambda one: found[one])
        # Where the windows tell no difference, it is popularity rather than a user's own wishes.
        shares = tuple(sorted(settings.shares, reverse=True))
        blend = Blend(best, *_popular_ways(settings), shares)
        chosen.append(_select([blend], windows, settings))
    return chosen


def _popular_ways(settings: Settings) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Half-lives and windows, the longest of each first: of equal ones the first is chosen."""
    half_lives = tuple(sorted(settings.popular_half_lives, reverse=True))
    return half_lives, tuple(sorted(settings.popular_windows, reverse=True))


def blend_of(settings: str) -> Blend:
    """The blend whose ``settings()`` these are.

    Raises:
        ContractError: they are of no blend that this version knows.
    """
    try:
        made = _made(json.loads(settings))
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(
            MODEL_TRIALS.name,
            "a blend's settings",
            f"{settings} ({error})",
            "run evaluate_recommenders again",
        ) from error
    assert isinstance(made, Blend)
    return made


def _made(described: dict[str, Any]) -> Recommender:
    """The recommender that ``described()`` tells of."""
    kinds: dict[str, Callable[..., Recommender]] = {Blend.algorithm: Blend}
    for name, make in _CANDIDATES.items():
        kinds[name] = type(make(Settings())[0])
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in described.items()
        if name != "algorithm"
    }
    if "personal" in values:
        values["personal"] = _made(values["personal"])
    return kinds[described["algorithm"]](**values)


def _select(
    candidates: Sequence[Recommender], windows: Sequence[Window], settings: Settings
) -> Selection:
    selection = Selection(candidates, k=settings.k).fit(windows)
    if isinstance(selection.best_, AlsRecommender):
        _extend_als(selection, windows, settings)
    n_trials = len(selection.trials_) // len(windows)
    log.info(
        "%s: the best of %d settings has %s %.4f over %d windows",
        *(selection.best_.algorithm, n_trials, CHOSEN_BY, selection.value_, len(windows)),
    )
    return selection


def _extend_als(selection: Selection, windows: Sequence[Window], settings: Settings) -> None:
    """One list after the other: the best ALS so far with each of its values.

    All combinations of four lists would take as many fits as their lengths multiplied.
    """
    lists: Sequence[Callable[[AlsRecommender], list[AlsRecommender]]] = (
        lambda best: [replace(best, reg=one) for one in settings.regs],
        lambda best: [replace(best, alpha=one) for one in settings.alphas],
        lambda best: [replace(best, rank=one) for one in settings.ranks],
        lambda best: [replace(best, iterations=one) for one in settings.iterations],
    )
    for varied in lists:
        assert isinstance(selection.best_, AlsRecommender)
        selection.extend(varied(selection.best_), windows)
