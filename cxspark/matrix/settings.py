"""Settings of the user-item matrix and of the features of interactions."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from cxspark.contracts.settings import Settings

_BY_TYPE = {"view": 1.0, "cart": 3.0, "purchase": 5.0, "return": -5.0}


class BuildUserItemSettings(Settings):
    """Section ``build_user_item``."""

    weights: dict[str, float] = Field(
        default=_BY_TYPE, description="what one event of a type adds to the weight"
    )
    other_weight: float = Field(1.0, description="what one event of any other type adds")
    half_life_days: float | None = Field(
        None, gt=0, description="days after which an event counts half; none: no decay"
    )
    rebuild: bool = Field(
        False, exclude=True, description="build from all events, though an increment would do"
    )


# Within it, sums of whole billionths hold millions of events of one user and item.
_Weight = Annotated[float, Field(ge=-1000, le=1000)]


class BuildInteractionsSettings(Settings):
    """Section ``build_interactions``."""

    weights: dict[str, _Weight] = Field(
        default=_BY_TYPE,
        description="what one event of a type adds to the weight, -1000 to 1000",
    )
    other_weight: _Weight = Field(1.0, description="what one event of any other type adds")
    watch_weight: _Weight = Field(
        4.0,
        description="what watching the whole item adds, half of it half as much; for an event with "
        "seconds watched and a length, in place of its type's weight",
    )
    half_life_days: float | None = Field(
        30.0, gt=0, description="days after which an event counts half; null: no decay"
    )
    max_user_weight: float | None = Field(
        1000.0,
        gt=0,
        le=1e6,
        description="most that a user's positive weights may add up to; beyond it all of hers are "
        "scaled down, so that no robot bends a model; null: no cap",
    )
    views: tuple[str, ...] = Field(("view",), description="event types counted in n_views")
    carts: tuple[str, ...] = Field(("cart",), description="event types counted in n_carts")
    purchases: tuple[str, ...] = Field(("purchase",), description="those counted in n_purchases")
    returns: tuple[str, ...] = Field(("return",), description="those counted in n_returns")
    at: AwareDatetime | None = Field(
        None,
        description="instant whose features these are, with its offset from UTC; later events are "
        "left out; null: the newest event's",
    )

    @model_validator(mode="after")
    def _counted_once(self) -> Self:
        types = [*self.views, *self.carts, *self.purchases, *self.returns]
        twice = sorted({one for one in types if types.count(one) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is counted twice: keep it in one of the lists")
        return self
