from typing import Any

import pytest
from pydantic import ValidationError

from cxspark.care.settings import CareTablesSettings, Policy
from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.errors import ConfigError
from cxspark.runtime.config import Config

USER_ITEM = TABLES["gold.user_item"]


def refused(**given: Any) -> str:
    config = Config({"care_tables": given}, origin="a.yaml")
    with pytest.raises(ConfigError) as error:
        config.section("care_tables", CareTablesSettings)
    assert error.value.exit_code == 2
    return str(error.value)


def test_a_table_has_the_default_policy() -> None:
    assert CareTablesSettings().policy(TABLES["ops.job_runs"]) == Policy()


def test_what_a_table_s_policy_does_not_say_the_default_says() -> None:
    settings = CareTablesSettings.model_validate(
        {"default": {"vacuum_hours": 200}, "tables": {"gold.user_item": {"min_small_files": 3}}}
    )
    policy = settings.policy(USER_ITEM)
    assert (policy.vacuum_hours, policy.min_small_files, policy.log_days) == (200, 3, 30)


def test_an_unknown_table_is_refused_and_the_known_ones_named() -> None:
    said = refused(tables={"gold.user_itme": {}})
    assert "no table gold.user_itme; there are bronze.events" in said


def test_keeping_replaced_files_for_an_hour_is_refused() -> None:
    assert "vacuum_hours: 1 is less than 168" in refused(default={"vacuum_hours": 1})
    assert "tables.gold.user_item" in refused(tables={"gold.user_item": {"vacuum_hours": 1}})


def test_it_can_be_allowed() -> None:
    assert Policy(vacuum_hours=24, allow_short_retention=True).vacuum_hours == 24


def test_the_history_covers_the_retention() -> None:
    assert "log_days must cover" in refused(default={"vacuum_hours": 721})


def test_a_partitioned_table_is_not_clustered() -> None:
    said = refused(tables={"gold.recommendations": {"cluster_by": ["user_id"]}})
    assert "gold.recommendations is partitioned by algorithm" in said


@pytest.mark.parametrize(
    ("table", "column"), [("gold.user_item", "customer"), ("ops.job_runs", "inputs")]
)
def test_a_column_to_cluster_by_is_one_with_an_order(table: str, column: str) -> None:
    assert f"can't be clustered by {column}" in refused(tables={table: {"cluster_by": [column]}})


def test_columns_to_cluster_by_are_of_one_table() -> None:
    assert "put it below tables" in refused(default={"cluster_by": ["user_id"]})


def test_a_policy_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ValidationError):
        CareTablesSettings.model_validate({"tables": {"gold.user_item": 3}})
