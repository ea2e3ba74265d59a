"""The image's parts fit each other, and what its linter says."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCKER = PROJECT / "conf" / "docker"


def versions(file: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([\w.]+)", file.read_text(), re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    subprocess.run([hadolint, PROJECT / "Dockerfile"], check=True)


def test_the_image_has_the_versions_that_were_tested_together() -> None:
    tested, baked = versions(PROJECT / "constraints.txt"), versions(DOCKER / "requirements.txt")
    assert baked.items() <= tested.items()
    assert {"pyspark", "delta-spark", "numba"} <= baked.keys()


def test_every_package_of_the_image_has_a_checksum() -> None:
    lines = "".join(path.read_text() for path in DOCKER.glob("*.txt")).splitlines()
    assert all(line.endswith("\\") for line in lines if "==" in line)  # goes on with --hash


def test_pip_takes_nothing_without_a_checksum() -> None:
    installs = re.findall(r"pip install (.*)", (PROJECT / "Dockerfile").read_text())
    *packages, wheel = installs
    assert all("--require-hashes" in one for one in packages)
    assert "--no-build-isolation" in packages[-1]  # else what builds a package is of any checksum
    assert "--no-deps /build/dist/" in wheel


def test_the_jars_are_those_of_the_checksums() -> None:
    lines = (DOCKER / "jars.sha256").read_text().splitlines()
    expected = {name: digest for digest, name in (line.split() for line in lines)}
    jars = (PROJECT / ".jars").glob("*.jar")
    assert {jar.name: sha256(jar.read_bytes()).hexdigest() for jar in jars} == expected
