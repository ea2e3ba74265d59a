"""Settings of training and recommending by ALS."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from cxspark.contracts.settings import Settings


class TrainAlsSettings(Settings):
    """How users and items become vectors."""

    rank: int = Field(default=64, ge=1, le=1000, description="numbers per user and item")
    reg: float = Field(
        default=0.1, ge=0, description="penalty, times the weights a user or item has"
    )
    alpha: float = Field(
        default=1.0, ge=0, description="confidence for each unit of weight; implicit only"
    )
    iterations: int = Field(default=15, ge=1, le=1000, description="rounds: items, then users")
    implicit: bool = Field(
        default=True, description="weights are confidence; false: marks that are to be met"
    )
    weights_from: Literal["user_item", "interactions", "events"] = Field(
        default="user_item",
        description="gold.user_item's weight; or, once build_interactions has run, that of "
        "gold.interactions, decayed and capped; of the latter rating_last, the latest mark, where "
        "implicit is false and there is one; events: as evaluate_recommenders weighs them",
    )
    event_weights: dict[str, float] = Field(
        default={"view": 0.2, "cart": 0.6, "purchase": 1.0, "return": -1.0},
        description="events: what one of a type counts; other types don't. Of a user's sum for an "
        "item the logarithm is learnt from",
    )
    half_life_days: float | None = Field(
        default=None, gt=0, description="events: days after which one counts half; null: no decay"
    )
    as_chosen: bool = Field(
        default=False,
        description="rank, reg, alpha, iterations, seed, event_weights and half_life_days as "
        "evaluate_recommenders chose them for ALS, weights_from events, implicit",
    )
    seed: int = Field(default=42, description="of the factors it starts from")
    blocks: int = Field(
        default=4, ge=1, description="parts of users and of items; at least the cluster's cores"
    )
    checkpoint_interval: int = Field(
        default=10,
        ge=1,
        description="iterations between checkpoints; only where spark.checkpoint.dir is set",
    )
    popular_days: float = Field(
        default=7.0, gt=0, description="days before the newest event that count as popular now"
    )

    @model_validator(mode="after")
    def _marks_are_learnt_from_marks(self) -> Self:
        if not self.implicit and self.weights_from != "interactions":
            raise ValueError(
                "implicit: false learns marks, which are in gold.interactions: set weights_from: "
                "interactions, and run build_interactions before"
            )
        return self


class ListSettings(Settings):
    """What is recommended by any model, and why."""

    n: int = Field(default=10, ge=1, le=1000, description="items recommended per user")
    n_reasons: int | None = Field(
        default=3,
        ge=0,
        description="past items told for each, those that gave most, the rest as one; null: all; "
        "0: no reasons",
    )
    allow: tuple[str, ...] = Field(
        default=(), description="item ids that alone may be recommended; none: all"
    )
    deny: tuple[str, ...] = Field(default=(), description="item ids that are never recommended")
    at: AwareDatetime | None = Field(
        default=None,
        description="instant at which items must be available, with its offset from UTC; null: "
        "the run's start. Dates are in silver.item_availability, if there is one",
    )


class RecommendBlendSettings(ListSettings):
    """What is recommended to whom, and why; the model is what evaluate_recommenders chose."""


class RecommendAlsSettings(ListSettings):
    """What is recommended to whom by ALS, and why."""

    fold_in: Literal["new", "all"] = Field(
        default="new",
        description="whose factors are solved anew from her events: those that the model "
        "hasn't, or all, so that what they did since the training counts",
    )
    block_users: int = Field(
        default=16_384, ge=1, le=65_536, description="users per task, about; bounds its memory"
    )
