"""Settings of the ranking of features and of the decision tree."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cxspark.contracts.features import FeatureChoice
from cxspark.contracts.settings import Settings

ClassWeights = Literal["balanced", "none"] | dict[str, Annotated[float, Field(gt=0)]]


class GainSettings(Settings):
    """How gain is counted."""

    max_values: int = Field(
        20_000,
        ge=2,
        le=100_000,
        description="distinct values of a number up to which every threshold is tried; beyond, "
        "n_bins quantiles are",
    )
    n_bins: int = Field(
        1_000, ge=2, le=10_000, description="thresholds tried of a number with more values"
    )
    identifier_share: float = Field(
        0.95,
        gt=0,
        le=1,
        description="distinct values per known value from which a category, or a whole number, "
        "is called an identifier",
    )


class RankFeaturesSettings(GainSettings):
    """Section ``rank_features``."""

    features: FeatureChoice = FeatureChoice()
    label: str = Field(min_length=1, description="the feature that the others are to tell")


class TrainTreeSettings(GainSettings):
    """Section ``train_tree``."""

    features: FeatureChoice = FeatureChoice()
    label: str = Field(min_length=1, description="the feature that the tree is to tell")
    event: str | None = Field(
        None,
        description="of two classes the one that costs and curve are about; null: the rarer one",
    )
    n_features: int = Field(
        12, ge=1, le=200, description="features of the greatest gain ratio that the tree may use"
    )
    max_categories: int = Field(
        30, ge=1, le=1_000, description="commonest values of a category kept apart; the rest is one"
    )
    max_bins: int = Field(64, ge=2, le=10_000, description="thresholds tried of a number")
    impurity: Literal["gini", "entropy"] = Field(
        "gini",
        description="what a split lessens; with entropy, neighbouring leaves that stand for the "
        "same class become one",
    )
    depths: tuple[Annotated[int, Field(ge=1, le=30)], ...] = Field(
        (2, 3, 4, 5), min_length=1, description="depths tried"
    )
    min_leaf_rows: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (20, 100), min_length=1, description="least customers in a leaf, tried"
    )
    class_weights: ClassWeights = Field(
        "balanced",
        description="what a customer of a class counts: balanced: all classes the same in sum; "
        "none: 1; or class -> weight, 1 for those not named",
    )
    cost_false_positive: float = Field(
        1.0, gt=0, description="of acting on a customer without the event, in any unit"
    )
    cost_false_negative: float = Field(
        1.0, gt=0, description="of not acting on a customer with it, in the same unit"
    )
    train_share: float = Field(0.6, gt=0, lt=1, description="of the customers, to learn from")
    validation_share: float = Field(
        0.2, gt=0, lt=1, description="to choose by; the rest is the test"
    )
    seed: int = Field(42, description="of the split")

    @model_validator(mode="after")
    def _leaves_a_test(self) -> Self:
        if self.train_share + self.validation_share >= 1:
            raise ValueError("train_share + validation_share leave no customer for the test")
        return self
