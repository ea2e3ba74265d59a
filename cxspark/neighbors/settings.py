"""Settings of the k-NN recommendation."""

from typing import Literal

from pydantic import Field

from cxspark.contracts.settings import Settings
from cxspark.distance import Metric

NeighborWeight = Literal["uniform", "distance"]


class RecommendKnnSettings(Settings):
    """How neighbours are found and what is recommended from them."""

    k: int = Field(default=5, ge=1, le=1000, description="neighbours per user")
    n: int = Field(default=10, ge=1, le=1000, description="items recommended per user")
    metric: Metric = Field(default="euclidean", description="distance between users' weights")
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
