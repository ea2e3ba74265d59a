"""Settings of expected purchases and customer value."""

from datetime import date
from typing import Literal

from pydantic import Field

from cxspark.contracts.settings import Settings


class EstimateValueSettings(Settings):
    """Section ``estimate_value``."""

    source: str | None = Field(
        None,
        description="whose events; null: of all sources together, kept as source events",
    )
    event_types: tuple[str, ...] = Field(
        ("purchase",), min_length=1, description="event types that are purchases"
    )
    unit: Literal["day", "week"] = Field("week", description="what time is counted in")
    as_of: date | None = Field(
        None,
        description="day at whose end customers are valued, UTC; later events are left out; null: "
        "the newest event's",
    )
    calibration_until: date | None = Field(
        None,
        description="last day of what the models are judged by learning from; what comes after it "
        "is forecast; null: by calibration_share",
    )
    calibration_share: float = Field(
        0.5, gt=0, lt=1, description="share of the days that are learnt from, if no day is given"
    )
    horizon: int = Field(52, ge=1, le=1000, description="units of time ahead that are valued")
    discount: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="by how much a year lessens the worth of money: 0.1 makes 1 of 1.1; 0: a "
        "simple sum",
    )
    min_customers: int = Field(
        100, ge=2, description="fewest customers, and fewest with a spend, to learn from"
    )
    max_groups: int = Field(
        200_000,
        ge=1000,
        description="groups of equal customers that the driver learns from; where there are more, "
        "times are rounded to whole units, then to 2, 4, ... of them",
    )
    max_correlation: float = Field(
        0.3,
        gt=0,
        le=1,
        description="of frequency and spend, beyond which a warning says that they aren't "
        "independent, as the model has it",
    )

    @property
    def unit_days(self) -> int:
        """Days in a unit of time."""
        return {"day": 1, "week": 7}[self.unit]

    @property
    def name(self) -> str:
        """What the rows are kept under."""
        return self.source or "events"
