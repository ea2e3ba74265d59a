"""The corpus of bad and odd files under tests/data/bad: each has the outcome it is given there."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from pyspark.sql import DataFrame, Row, SparkSession

from cxspark.contracts.errors import ContractError
from cxspark.contracts.events import BRONZE_EVENTS, LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.contracts.table import Table
from cxspark.ingest.reasons import REASONS
from cxspark.ingest.settings import IngestEventsSettings
from cxspark.runtime.location import Location
from cxspark.runtime.run import Run
from cxspark.runtime.tables import Tables
from cxspark.steps.ingest_events import STEP

pytestmark = pytest.mark.integration

CORPUS = Path(__file__).resolve().parents[1] / "data" / "bad"
EXPECTED: dict[str, Any] = yaml.safe_load((CORPUS / "expectations.yaml").read_text("utf-8"))
SOURCES = {group: files.pop("source", {}) for group, files in EXPECTED["groups"].items()}
INPUTS = {group: files.pop("input", group) for group, files in EXPECTED["groups"].items()}
FILES = [(group, file) for group, files in EXPECTED["groups"].items() for file in files]


def settings(name: str, path: str | Path, source: dict[str, Any]) -> IngestEventsSettings:
    """The corpus' common mapping with what is different for a group."""
    common = EXPECTED["mapping"]
    columns = common["columns"] | source.get("columns", {})
    return IngestEventsSettings.model_validate(
        {
            "source": common | source | {"name": name, "columns": columns},
            "input": [str(path)],
            "max_events_per_user_day": EXPECTED["max_events_per_user_day"],
        }
    )


def ingest(spark: SparkSession, root: Path, one: IngestEventsSettings) -> Tables:
    tables = Tables(spark, Location(root=str(root)), Run(STEP.name, "corpus"))
    STEP.run(spark, one, tables)
    return tables


def read(spark: SparkSession, root: Path, table: Table) -> DataFrame:
    return Tables(spark, Location(root=str(root)), Run("test", "test")).read(table)


@dataclass
class Found:
    """What became of one file."""

    load: Row
    n_bronze: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    n_quarantined: int = 0
    events: list[Row] = field(default_factory=list)


@pytest.fixture(scope="module")
def root(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables into which all groups are loaded, each as a source of its own; at first, nothing."""
    root = tmp_path_factory.mktemp("corpus")
    ingest(spark, root, settings("nothing", tmp_path_factory.mktemp("empty"), {}))
    assert [read(spark, root, table).count() for table in STEP.writes] == [0, 0, 0, 0]
    for group, source in SOURCES.items():
        ingest(spark, root, settings(group, CORPUS / INPUTS[group], source))
    return root


@pytest.fixture(scope="module")
def found(spark: SparkSession, root: Path) -> dict[tuple[str, str], Found]:
    """What became of each file, by group and name."""
    loads = read(spark, root, LOADS).collect()
    by_load = {(load["source"], load["load_id"]): Found(load) for load in loads}
    for row in read(spark, root, BRONZE_EVENTS).select("source", "load_id").collect():
        by_load[row["source"], row["load_id"]].n_bronze += 1
    for row in read(spark, root, QUARANTINE).collect():
        one = by_load[row["source"], row["load_id"]]
        one.reasons.update(row["reasons"])
        one.n_quarantined += 1
    events = read(spark, root, SILVER_EVENTS)
    # As text in UTC, whatever this machine's time zone is.
    for row in events.withColumn("event_at", events["event_at"].cast("string")).collect():
        by_load[row["source"], row["load_id"]].events.append(row)
    return {
        (one.load["source"], unquote(Path(one.load["file"]).name)): one for one in by_load.values()
    }


@pytest.mark.parametrize(("group", "file"), FILES)
def test_a_file_has_the_outcome_it_is_given(
    group: str, file: str, found: dict[tuple[str, str], Found]
) -> None:
    expected = EXPECTED["groups"][group][file]
    if "left_out" in expected:
        assert (group, file) not in found
        return
    one = found[group, file]
    n_records, n_accepted = expected["records"], expected.get("accepted", 0)
    n_duplicates = expected.get("duplicates", 0)
    assert {
        "records": one.load["n_records"],
        "accepted": one.load["n_accepted"],
        "duplicates": one.load["n_duplicates"],
        "reasons": dict(one.reasons),
    } == {
        "records": n_records,
        "accepted": n_accepted,
        "duplicates": n_duplicates,
        "reasons": expected.get("reasons", {}),
    }
    assert one.n_bronze == n_records
    assert len(one.events) == n_accepted
    assert one.n_quarantined == one.load["n_quarantined"] == n_records - n_accepted - n_duplicates


@pytest.mark.parametrize(
    ("group", "file"),
    [
        (group, file)
        for group, file in FILES
        if {"users", "at", "names"} & set(EXPECTED["groups"][group][file])
    ],
)
def test_values_are_read_as_they_were_meant(
    group: str, file: str, found: dict[tuple[str, str], Found]
) -> None:
    expected, events = EXPECTED["groups"][group][file], found[group, file].events
    by_user = {event["user_id"]: event for event in events}
    if "users" in expected:
        assert sorted(event["user_id"] for event in events) == sorted(expected["users"])
    for user, at in expected.get("at", {}).items():
        assert by_user[user]["event_at"] == at
    for user, name in expected.get("names", {}).items():
        assert by_user[user]["item_name"] == name


@pytest.mark.parametrize("file", EXPECTED["refused"])
def test_a_file_that_breaks_the_contract_is_refused_by_name(
    file: str, spark: SparkSession, tmp_path: Path
) -> None:
    with pytest.raises(ContractError) as refusal:
        ingest(spark, tmp_path, settings("refused", CORPUS / "refused" / file, {}))
    assert refusal.value.exit_code == 3
    for word in EXPECTED["refused"][file]:
        assert word in str(refusal.value)


def test_loading_the_same_files_again_changes_nothing(
    spark: SparkSession, root: Path, found: dict[tuple[str, str], Found]
) -> None:
    tables = ingest(spark, root, settings("plain", CORPUS / "plain", {}))
    assert {one.table: one.n_rows for one in tables.run.outputs if one.n_rows} == {}
    assert read(spark, root, LOADS).count() == len(found)
    assert read(spark, root, SILVER_EVENTS).count() == sum(
        len(one.events) for one in found.values()
    )


def test_every_reason_occurs_in_the_corpus() -> None:
    outcomes = [outcome for files in EXPECTED["groups"].values() for outcome in files.values()]
    assert {reason for outcome in outcomes for reason in outcome.get("reasons", {})} == set(REASONS)


def test_every_file_of_the_corpus_has_an_expected_outcome() -> None:
    for group, files in EXPECTED["groups"].items():
        assert {file.name for file in (CORPUS / group).iterdir()} == set(files)
    refused = {file.name for file in (CORPUS / "refused").iterdir()}
    assert refused <= set(EXPECTED["refused"])
