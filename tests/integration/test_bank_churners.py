"""A bank's customers in three segments: what is known of them must come out."""

from pathlib import Path

import pytest
from customer_sources import take_in
from pyspark.sql import SparkSession

from cxspark.contracts.segments import SEGMENT_PROFILES, SEGMENT_RUNS, SEGMENTS
from cxspark.runtime.config import load_config
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough,
    pytest.mark.usefixtures("generated_code"),
]

CONF = Path(__file__).resolve().parents[2] / "conf" / "bank_churners.yaml"
N_CUSTOMERS = 10_127
# K-Means of scikit-learn on the five standardised features, the best of ten starts: its sum of
# squared errors, and each cluster's customers and mean credit limit.
SSE = 25_868.94
KNOWN = {"ordinary": (7_744, 4_734), "high-net-worth": (1_469, 25_975), "potential": (914, 13_786)}


@pytest.fixture(scope="module")
def bank(spark: SparkSession, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    root = tmp_path_factory.mktemp("bank")
    take_in(spark, root, data, "bank_churners")
    location = Location(root=str(root))
    step = STEPS["segment_customers"]
    settings = load_config(CONF, [], known=STEPS).section(step.name, step.settings)
    step.run(spark, settings, Tables(spark, location, Run(step.name, "r1")))
    return Tables(spark, location, Run("test", "r2"))


def test_three_segments_have_their_names_and_known_customers(bank: Tables) -> None:
    profiles = bank.read(SEGMENT_PROFILES).where("feature = 'Credit_Limit'").collect()
    found = {row["segment"]: (row["n_users"], round(row["mean"])) for row in profiles}
    assert set(found) == set(KNOWN)
    for name, (n_users, limit) in KNOWN.items():
        assert found[name] == (
            pytest.approx(n_users, abs=20),
            pytest.approx(limit, rel=0.01),
        )
    assert sum(n_users for n_users, _ in found.values()) == N_CUSTOMERS


def test_the_clusters_are_as_tight_as_known(bank: Tables) -> None:
    (row,) = bank.read(SEGMENT_RUNS).collect()
    assert row["sse"] == pytest.approx(SSE, rel=1e-4)
    assert (row["k"], row["n_users"], row["n_left_out"]) == (3, N_CUSTOMERS, 0)


def test_each_customer_has_a_strategy_and_a_reason(bank: Tables) -> None:
    told = bank.read(SEGMENTS).select("segment", "strategy", "reason").distinct().collect()
    reasons = {row["segment"]: row["reason"] for row in told}
    assert len(told) == 3
    assert all(row["strategy"] for row in told)
    assert reasons["high-net-worth"].startswith(
        "high-net-worth: Credit_Limit highest of 3 clusters; Credit_Limit +1.9"
    )
    assert reasons["ordinary"] == "ordinary: no rule before it was met"
