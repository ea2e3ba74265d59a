"""Settings of the user-item matrix."""

from pydantic import Field

from cxspark.contracts.settings import Settings


class BuildUserItemSettings(Settings):
    """Section ``build_user_item``."""

    weights: dict[str, float] = Field(
        default={"view": 1.0, "cart": 3.0, "purchase": 5.0, "return": -5.0},
        description="what one event of a type adds to the weight",
    )
    other_weight: float = Field(1.0, description="what one event of any other type adds")
    half_life_days: float | None = Field(
        None, gt=0, description="days after which an event counts half; none: no decay"
    )
    rebuild: bool = Field(
        False, exclude=True, description="build from all events, though an increment would do"
    )
