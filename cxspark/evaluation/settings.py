"""Settings of the evaluation of recommenders."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from cxspark.contracts.settings import Settings

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Rank = Annotated[int, Field(ge=1, le=1000)]
_Iterations = Annotated[int, Field(ge=1, le=1000)]
_Weight = Annotated[float, Field(ge=-1000, le=1000)]
HalfLives = tuple[_Positive | None, ...]
Algorithm = Literal["popular", "user_knn", "item_knn", "ease", "als"]


class EvaluateRecommendersSettings(Settings):
    """How events are split, what is tried, and how it is judged."""

    split: Literal["time", "last_n", "random"] = Field(
        default="time",
        description="time: one instant for all users; the others are for comparison with papers",
    )
    train_share: float = Field(default=0.8, gt=0, lt=1, description="of the events, to learn from")
    last_n: int = Field(default=1, ge=1, description="last_n: events held out per user")
    n_windows: int = Field(
        default=4, ge=1, le=20, description="windows before the split that settings are chosen on"
    )
    window_share: float = Field(
        default=0.08, gt=0, lt=1, description="time: of all events, in one such window"
    )
    importance: Literal["equal", "rising"] = Field(
        default="equal",
        description="time: what windows count in a choice: all 1; or the oldest 1, the next 2, ...",
    )
    k: int = Field(default=10, ge=1, le=1000, description="places of a list that count")
    weights: dict[str, _Weight] = Field(
        default={"view": 0.2, "cart": 0.6, "purchase": 1.0, "return": -1.0},
        min_length=1,
        description="what one event of a type counts in learning; other types don't",
    )
    targets: tuple[str, ...] = Field(
        default=(),
        description="event types that are to be foretold; none: all of positive weight",
    )
    algorithms: tuple[Algorithm, ...] = Field(
        default=("popular", "user_knn", "item_knn", "ease", "als"),
        description="what is compared with popular_recent, and with a blend of that and the best of"
        " item_knn, ease and als, where there is any",
    )
    half_lives: HalfLives = Field(
        default=(7.0, 14.0, 30.0, 60.0, None),
        min_length=1,
        description="days after which a weight counts half, tried by EASE; null: no decay",
    )
    few_half_lives: HalfLives = Field(
        default=(14.0, None),
        min_length=1,
        description="the same for ALS and both k-NN, which cost more or gain less",
    )
    popular_half_lives: tuple[_Positive, ...] = Field(
        default=(1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 120.0),
        min_length=1,
        description="days, tried by the recent popularity, alone and in the blend",
    )
    popular_windows: tuple[_Positive, ...] = Field(
        default=(7.0, 14.0, 28.0, 56.0),
        description="days that count in full, and none before them: the same, tried beside these",
    )
    popularity_cap: float | None = Field(
        default=5.0,
        gt=0,
        description="the most that one user adds to an item's popularity; null: no cap",
    )
    shares: tuple[_Share, ...] = Field(
        default=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
        min_length=1,
        description="of the popularity in the blend, tried; 1: nothing but popularity",
    )
    penalties: tuple[_Positive, ...] = Field(
        default=(50.0, 200.0), min_length=1, description="of EASE, tried"
    )
    shrinkages: tuple[_NotNegative, ...] = Field(
        default=(1.0, 10.0), min_length=1, description="of item k-NN, tried"
    )
    neighbors: int = Field(default=100, ge=1, description="of item k-NN, items")
    k_users: int = Field(default=50, ge=1, le=1000, description="neighbours of user k-NN")
    user_metrics: tuple[Literal["euclidean", "cosine", "jaccard"], ...] = Field(
        default=("cosine",), min_length=1, description="distances of user k-NN, tried"
    )
    user_weight: Literal["uniform", "distance"] = Field(
        default="distance", description="what a neighbour counts, as in recommend_knn"
    )
    max_items: int = Field(
        default=4000,
        ge=1,
        le=20_000,
        description="most popular items that EASE and item k-NN score; costs its square in memory",
    )
    regs: tuple[_NotNegative, ...] = Field(
        default=(0.1, 1.0),
        min_length=1,
        description="penalties of ALS, tried. One list after the other, in this order: the best so"
        " far, which begins as the first of each with all half-lives, with each value of the next",
    )
    alphas: tuple[_NotNegative, ...] = Field(
        default=(10.0, 2.0), min_length=1, description="its confidence for a unit of weight, tried"
    )
    ranks: tuple[_Rank, ...] = Field(
        default=(64, 32), min_length=1, description="its numbers per user and item, tried"
    )
    iterations: tuple[_Iterations, ...] = Field(
        default=(10, 20), min_length=1, description="of all items, then all users, tried"
    )
    n_replicates: int = Field(default=1000, ge=100, description="of the bootstrap over users")
    seed: int = Field(default=42, description="of everything drawn at random")

    @property
    def foretold(self) -> tuple[str, ...]:
        """The event types that are to be foretold."""
        return self.targets or tuple(name for name, weight in self.weights.items() if weight > 0)

    @field_validator(
        *("half_lives", "few_half_lives", "popular_half_lives", "popular_windows", "shares"),
        *("algorithms", "penalties", "shrinkages", "ranks", "regs", "alphas", "iterations"),
        "user_metrics",
    )
    @classmethod
    def _each_once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(values)) < len(values):
            raise ValueError(f"each value once, not {values}: it would be counted twice")
        return values

    @model_validator(mode="after")
    def _room_for_windows(self) -> "EvaluateRecommendersSettings":
        first = self.train_share - self.n_windows * self.window_share
        if self.split == "time" and first <= 0:
            raise ValueError(
                f"n_windows x window_share must be less than train_share {self.train_share}"
            )
        return self
