"""Settings of clustering and of segments."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from cxspark.contracts.features import FeatureChoice
from cxspark.contracts.settings import Settings
from cxspark.segmentation.rules import RFM_RULES, NamingRule

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


class HabitSettings(Settings):
    """Which events tell how customers spend."""

    source: str | None = Field(None, description="whose events; null: of all sources")
    purchases: tuple[str, ...] = Field(("purchase",), description="event types that are purchases")
    returns: tuple[str, ...] = Field(("return",), description="event types that are returns")


class SegmentCustomersSettings(Settings):
    """Section ``segment_customers``."""

    habits: HabitSettings | None = Field(
        HabitSettings(), description="spending habits, derived from silver.events; null: none"
    )
    customers: FeatureChoice | None = Field(
        None, description="what else is known of customers: their credit, balance; null: nothing"
    )
    by: tuple[str, ...] = Field(
        ("recency_days", "frequency", "monetary"), min_length=1, description="features that count"
    )
    log: tuple[str, ...] = Field(
        ("recency_days", "frequency", "monetary"),
        description="those of them taken by their logarithm (signed log1p), as skewed ones",
    )
    weights: dict[str, _Weight] = Field(
        default={}, description="feature -> what its squared differences count; 1 where not named"
    )
    k: int = Field(5, ge=2, le=1000, description="clusters; cluster_customers recommends a number")
    seeds: tuple[int, ...] = Field(
        tuple(range(1, 11)),
        min_length=1,
        description="a trial for each; the one of the least SSE counts",
    )
    iterations: int = Field(100, ge=1, le=1000, description="most of one trial")
    tolerance: float = Field(
        1e-6, ge=0, description="a trial ends when no centre moves further, in scaled units"
    )
    rules: tuple[NamingRule, ...] = Field(
        RFM_RULES, description="names of segments: the first rule that a cluster meets names it"
    )
    value: str | None = Field(
        "monetary", description="the feature that is a customer's value; null: none is"
    )
    as_of: AwareDatetime | None = Field(
        None,
        description="instant whose segments these are, with its offset from UTC; null: the newest "
        "event's, without habits the snapshot's",
    )

    @model_validator(mode="after")
    def _names_everyone(self) -> Self:
        if self.habits is None and self.customers is None:
            raise ValueError("neither habits nor customers: nothing is known of anyone")
        open_rules = [rule.name for rule in self.rules if not rule.when]
        if len(open_rules) != 1 or self.rules[-1].when:
            raise ValueError("the last rule, and no other, has no conditions: it names the rest")
        unknown = {name for rule in self.rules for name in rule.when} - {*self.by}
        if unknown:
            raise ValueError(f"rules on {', '.join(sorted(unknown))}, not among the features in by")
        return self
