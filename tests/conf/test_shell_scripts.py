import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = [
    path
    for folder in ("conf/cron", "scripts")
    for path in sorted((PROJECT / folder).iterdir())
    if path.is_file() and path.read_text().startswith("#!/usr/bin/env bash")
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    # .venv/env is made by scripts/setup.
    command = ["shellcheck", "--exclude=SC1091", str(script)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not said.stdout + said.stderr
