"""Settings of clustering."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cxspark.contracts.features import FeatureChoice
from cxspark.contracts.settings import Settings

Criterion = Literal["elbow", "silhouette", "davies_bouldin"]
_Weight = Annotated[float, Field(gt=0, le=1e6)]


class ClusterCustomersSettings(Settings):
    """Section ``cluster_customers``."""

    features: FeatureChoice = Field(
        FeatureChoice(), description="which customers, by which numbers; categories don't count"
    )
    standardise: bool = Field(
        True, description="each feature less its mean, by its standard deviation, before distances"
    )
    log: tuple[str, ...] = Field(
        (), description="features, skewed ones as money, taken by their logarithm (signed log1p)"
    )
    weights: dict[str, _Weight] = Field(
        default={}, description="feature -> what its squared differences count; 1 where not named"
    )
    k_from: int = Field(2, ge=2, le=1000, description="fewest clusters tried")
    k_to: int = Field(8, ge=2, le=1000, description="most clusters tried")
    seeds: tuple[int, ...] = Field(
        (1, 2, 3), min_length=1, description="a trial for each; the best of a number of clusters"
    )
    iterations: int = Field(50, ge=1, le=1000, description="most of one trial")
    tolerance: float = Field(
        1e-4, ge=0, description="a trial ends when no centre moves further, in scaled units"
    )
    choose_by: Criterion = Field("elbow", description="what recommends the number of clusters")

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.k_to < self.k_from:
            raise ValueError(f"k_to {self.k_to} is less than k_from {self.k_from}")
        return self
