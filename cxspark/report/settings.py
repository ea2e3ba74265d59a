"""Settings of the report."""

from pydantic import Field

from cxspark.contracts.settings import Settings


class BuildReportSettings(Settings):
    """Section ``build_report``."""

    output: str | None = Field(
        None,
        description="local path of the page; report/index.html below the tables' root by default",
    )
    title: str = Field("Customer behaviour report", description="the page's headline")
    algorithm: str = Field(
        "user_knn",
        description="whose neighbours are shown and whose recommendations are counted",
    )
    customers: tuple[str, ...] = Field(
        (), max_length=20, description="user_ids shown in detail; empty lets the job pick them"
    )
    n_customers: int = Field(
        4, ge=0, le=20, description="how many it picks, from new to busy customers"
    )
    n_items: int = Field(
        6,
        ge=1,
        le=50,
        description="items shown per customer: of the history, and by each algorithm",
    )
    n_compared: int = Field(
        20, ge=2, le=50, description="customers up to which a set's distances are drawn as a map"
    )
    n_reasons: int = Field(20, ge=1, le=200, description="quarantine reasons listed")
