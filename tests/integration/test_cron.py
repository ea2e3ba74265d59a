"""conf/cron/nightly with the real command: what is tried again, and with which run id."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from quick_java import QUICK_JAVA

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = PROJECT / "conf" / "cron" / "nightly"
CONFIG = """
environment:
  tables: {{root: {root}}}
  spark:
    spark.master: local[2]
    spark.sql.shuffle.partitions: "2"
    spark.default.parallelism: "2"
    spark.sql.codegen.factoryMode: NO_CODEGEN
    spark.driver.extraJavaOptions: {java}
ingest_events:
  source: {{name: shop, columns: {{user_id: u, item_id: i, event_at: t, event_type: e}}}}
  input: [nowhere.csv]
"""


def nightly(config: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The script's exit code, and what the job said of each attempt."""
    command = [str(SCRIPT), "ingest_events", "--config", str(config), *arguments]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CXSPARK_DAY": "2026-03-01",
        "CXSPARK_ATTEMPTS": "2",
        "CXSPARK_PAUSE_SECONDS": "0",
    }
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def write_config(folder: Path, root: Path) -> Path:
    path = folder / "nightly.yaml"
    path.write_text(CONFIG.format(root=root, java=QUICK_JAVA))
    return path


def test_a_wrong_configuration_is_not_tried_again(tmp_path: Path) -> None:
    config = write_config(tmp_path, tmp_path / "tables")
    code, attempts = nightly(config, "--set", "ingest_events.inputs=[x]")
    assert code == 2
    assert [one["status"] for one in attempts] == ["failed"]


def test_what_may_pass_is_tried_again_with_the_same_run_id(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "2026-03-01.csv").write_text("u,i,t,e\na,x,2026-03-01 10:00:00,view\n")
    config = write_config(tmp_path, tmp_path / "file" / "tables")  # where no folder can be made
    code, attempts = nightly(config, "--set", f"ingest_events.input=[{tmp_path}/{{day}}.csv]")
    assert code == 1
    assert [one["run_id"] for one in attempts] == ["nightly-2026-03-01"] * 2


def test_it_doesnt_start_while_another_is_running(tmp_path: Path) -> None:
    with (PROJECT / ".nightly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert nightly(write_config(tmp_path, tmp_path / "tables")) == (75, [])
    assert not (tmp_path / "tables").exists()


def test_a_day_s_run_leaves_its_tables(tmp_path: Path) -> None:
    (tmp_path / "2026-03-01.csv").write_text("u,i,t,e\na,x,2026-03-01 10:00:00,view\n")
    config = write_config(tmp_path, tmp_path / "tables")
    code, attempts = nightly(config, "--set", f"ingest_events.input=[{tmp_path}/{{day}}.csv]")
    assert code == 0
    rows = {one["table"]: one["n_rows"] for one in attempts[-1]["outputs"]}
    assert rows["silver.events"] == 1
