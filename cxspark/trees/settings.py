"""Settings of the ranking of features and of the decision tree."""

from pydantic import Field

from cxspark.contracts.features import FeatureChoice
from cxspark.contracts.settings import Settings


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
