"""The bundle against the JSON schema that the Databricks CLI publishes.

The CLI's licence doesn't let its schema be kept here; the CLI prints it without a workspace.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from absent import absent

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
BUNDLE = PROJECT / "conf" / "databricks"
FILES = ("databricks.yml", "cxspark.job.yml")
MODULE = "github.com/databricks/cli"
VERSION = "v1.10.0"


def build_cli(folder: Path) -> Path:
    """The CLI, built by Go into a folder, where that can be done.

    Cost: three minutes of two cores the first time.
    """
    binary = folder / VERSION / "databricks"
    if binary.is_file():
        return binary
    if shutil.which("go") is None:
        absent("no Databricks CLI: set CXSPARK_DATABRICKS_CLI, or install it, or Go to build it")
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text(f"module cli\n\ngo 1.26\n\nrequire {MODULE} {VERSION}\n")
    (folder / "cli.go").write_text(f'//go:build tools\n\npackage cli\n\nimport _ "{MODULE}"\n')
    for command in (["mod", "tidy"], ["build", "-o", str(binary), MODULE]):
        done = subprocess.run(
            ["go", *command], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            absent(f"Go can't build {MODULE}: {done.stderr.strip().splitlines()[-1]}")
    return binary


@pytest.fixture(scope="module")
def schema() -> Any:
    """What a file may hold: as told by CXSPARK_DATABRICKS_CLI, the PATH's CLI, or one built."""
    given = os.environ.get("CXSPARK_DATABRICKS_CLI") or shutil.which("databricks")
    cli = given or str(build_cli(PROJECT / ".databricks-cli"))
    said = subprocess.run([cli, "bundle", "schema"], capture_output=True, text=True, check=True)
    return jsonschema_rs.validator_for(json.loads(said.stdout))


def read(name: str) -> Any:
    return yaml.safe_load((BUNDLE / name).read_text())


@pytest.mark.parametrize("name", FILES)
def test_the_file_fits_the_schema(schema: Any, name: str) -> None:
    assert [error.message for error in schema.iter_errors(read(name))] == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("databricks.yml", ["targets", "dev"]),
        ("databricks.yml", ["artifacts", "cxspark"]),
        ("cxspark.job.yml", ["resources", "jobs", "cxspark"]),
        ("cxspark.job.yml", ["resources", "jobs", "cxspark", "tasks", 0]),
    ],
)
def test_a_field_that_there_is_not_is_refused(schema: Any, name: str, place: list[Any]) -> None:
    broken = read(name)
    target = broken
    for step in place:
        target = target[step]
    target["colour"] = "red"
    assert not schema.is_valid(broken)
