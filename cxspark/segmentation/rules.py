"""Rules that give clusters their names, as a conf writes them; and those for spending habits."""

from typing import Literal, Self

from pydantic import Field, model_validator

from cxspark.contracts.settings import Settings


class Condition(Settings):
    """What a cluster's centre must be in one feature; all that is given must hold."""

    rank: Literal["highest", "lowest"] | None = Field(
        None, description="the centre is that of all clusters"
    )
    above: float | None = Field(
        None, description="more standard deviations than that above all customers' mean"
    )
    below: float | None = Field(
        None, description="fewer than that; negative: so far below the mean"
    )
    at_least: float | None = Field(None, description="the centre in the feature's own unit")
    at_most: float | None = Field(None, description="the same")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("no condition: give rank, above, below, at_least or at_most")
        return self


class NamingRule(Settings):
    """A segment's name, whom it is for, and what to do for them."""

    name: str = Field(min_length=1, description="of the segment")
    when: dict[str, Condition] = Field(
        default={}, description="feature -> what a cluster's centre must be; none: all that's left"
    )
    strategy: str = Field("", description="what to do for its customers, in words")


RFM_RULES = (
    NamingRule(
        name="champions",
        when={
            "recency_days": Condition(below=-0.5),
            "frequency": Condition(above=0.75),
            "monetary": Condition(above=0.75),
        },
        strategy="thank them, show them what is new first, ask them to tell others",
    ),
    NamingRule(
        name="loyal",
        when={"recency_days": Condition(below=0.5), "frequency": Condition(above=0.25)},
        strategy="offer what goes with what they have, and a reward for coming again",
    ),
    NamingRule(
        name="at risk",
        when={"recency_days": Condition(above=0.0), "frequency": Condition(above=0.0)},
        strategy="ask what went wrong, and make an offer that ends soon",
    ),
    NamingRule(
        name="promising",
        when={"recency_days": Condition(below=0.0)},
        strategy="help with the first purchases, and suggest a second one",
    ),
    NamingRule(
        name="lost",
        when={"recency_days": Condition(above=0.5)},
        strategy="write once a season; spend no more on them",
    ),
    NamingRule(name="occasional", strategy="remind them at the times of year at which they bought"),
)
"""By recency, frequency and monetary value of `aggregate_habits`."""
