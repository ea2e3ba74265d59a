"""Settings of the distances between customers."""

from typing import Literal, Self

from pydantic import Field, model_validator

from cxspark.contracts.features import FeatureChoice
from cxspark.contracts.settings import Settings
from cxspark.distance.space import Scale

Mode = Literal["all_pairs", "between", "to_mean", "nearest"]


class Others(Settings):
    """The second set of customers: by exactly one of source, users, and category with value."""

    source: str | None = Field(None, description="the customers of another source")
    users: tuple[str, ...] = Field((), description="these; the first set is the rest")
    category: str | None = Field(None, description="those whose feature of this name ...")
    value: str | None = Field(None, description="... has this value; the first set is the rest")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        ways = (self.source is not None, bool(self.users), self.category is not None)
        if sum(ways) != 1 or (self.category is None) != (self.value is None):
            raise ValueError("name either source, or users, or category and value")
        return self


class ComputeDistancesSettings(Settings):
    """Whose distance to whom, and how it is taken."""

    features: FeatureChoice = Field(
        FeatureChoice(), description="of whom; the numeric ones are compared"
    )
    mode: Mode = Field(
        "nearest",
        description="all_pairs; between two sets (others); to_mean of each one's group; nearest k",
    )
    metric: Literal["euclidean", "mahalanobis"] = Field(
        "euclidean", description="mahalanobis goes by the covariance of all who take part"
    )
    scale: Scale = Field(
        "none", description="of features: none; standard, by their deviation; minmax, from 0 to 1"
    )
    others: Others | None = Field(
        None, description="the second set: of mode between, which needs it"
    )
    group_by: str | None = Field(
        None, description="category whose groups have means, by to_mean; null: all are one group"
    )
    k: int = Field(5, ge=1, le=1000, description="by nearest: so many for each")
    max_pairs: int = Field(
        10_000_000, ge=1, description="all_pairs and between refuse to write more rows than this"
    )
    ridge: float = Field(
        0.0, ge=0, description="by mahalanobis: added to the variances, times their mean"
    )
    shrinkage: float = Field(
        0.0, ge=0, le=1, description="by mahalanobis: how far to pull S to equal variances"
    )
    block_rows: int = Field(
        4096, ge=1, le=65_536, description="customers per block, about; bounds a worker's memory"
    )

    @model_validator(mode="after")
    def _fits_its_mode(self) -> Self:
        if (self.others is None) == (self.mode == "between"):
            raise ValueError("others goes with mode between, and between needs it")
        if self.group_by is not None and self.mode != "to_mean":
            raise ValueError("group_by goes with mode to_mean")
        return self
