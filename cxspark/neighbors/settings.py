"""Settings of the k-NN recommendation and classification."""

from typing import Literal

from pydantic import Field

from cxspark.contracts.features import FeatureChoice
from cxspark.contracts.settings import Settings
from cxspark.distance import ProductMetric, Scale

NeighborWeight = Literal["uniform", "distance"]
Protocol = Literal["leave_one_out", "held_out"]


class RecommendKnnSettings(Settings):
    """How neighbours are found and what is recommended from them."""

    k: int = Field(default=5, ge=1, le=1000, description="neighbours per user")
    n: int = Field(default=10, ge=1, le=1000, description="items recommended per user")
    metric: ProductMetric = Field(
        default="euclidean", description="distance between users' weights"
    )
    neighbor_weight: NeighborWeight = Field(
        default="uniform",
        description="what a neighbour's weights count: uniform 1, distance 1 / (1 + distance)",
    )
    min_items: int = Field(
        default=1,
        ge=1,
        description="items of positive weight; a user with fewer is cold: she neither has "
        "neighbours nor is one",
    )
    popular_days: float = Field(
        default=7.0, gt=0, description="days before the newest event that count as popular now"
    )
    block_rows: int = Field(
        default=8192,
        ge=1,
        le=65_536,
        description="users per block, about; bounds a worker's memory",
    )
    broadcast: bool = Field(
        default=True,
        description="every executor gets the whole matrix once; false where it can't hold it",
    )


class ClassifyKnnSettings(Settings):
    """Which class is told, by whose vote, and how it is judged."""

    label: str = Field(description="the feature that is told of customers who lack it")
    features: FeatureChoice = Field(
        FeatureChoice(), description="of whom; the numeric ones are compared"
    )
    k: int = Field(default=5, ge=1, le=1000, description="neighbours that vote")
    metric: Literal["euclidean", "mahalanobis", "cosine", "manhattan"] = Field(
        default="euclidean",
        description="distance between features; mahalanobis by the covariance of who votes",
    )
    scale: Scale = Field(
        default="standard",
        description="of features: none; standard, by their deviation; minmax, from 0 to 1",
    )
    vote: NeighborWeight = Field(
        default="uniform",
        description="what a neighbour's vote counts: uniform 1, distance 1 / distance; at distance "
        "0 only those at 0 vote",
    )
    protocols: tuple[Protocol, ...] = Field(
        default=("leave_one_out", "held_out"), description="how it is judged; none is quickest"
    )
    test_share: float = Field(
        default=0.2, gt=0, lt=1, description="of labelled customers, held out by a hash of who"
    )
    seed: int = Field(default=42, description="of that hash")
    ridge: float = Field(
        default=0.0, ge=0, description="by mahalanobis: added to the variances, times their mean"
    )
    shrinkage: float = Field(
        default=0.0, ge=0, le=1, description="by mahalanobis: how far to pull S to equal variances"
    )
    block_rows: int = Field(
        default=16_384, ge=1, le=65_536, description="customers per block; bounds a worker's memory"
    )
    broadcast: bool = Field(
        default=True,
        description="every executor gets all who vote once; false where it can't hold them",
    )
