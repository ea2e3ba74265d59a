from pathlib import Path

import pytest
from pydantic import Field

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.settings import Settings
from cxspark.runtime.config import config_hash, load_config


class Inner(Settings):
    name: str
    size: int = 1


class Job(Settings):
    k: int = Field(5, ge=1)
    inner: Inner | None = None
    rebuild: bool = Field(False, exclude=True)


def write(folder: Path, text: str, name: str = "local.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def load(folder: Path, text: str, *overrides: str) -> Job:
    config = load_config(write(folder, text), overrides, known=["job"])
    return config.section("job", Job)


def test_a_section_left_out_has_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Job()


def test_an_override_wins_over_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, "job: {k: 3}", "job.k=7").k == 7


def test_an_override_reaches_into_a_nested_key(tmp_path: Path) -> None:
    job = load(tmp_path, "job: {inner: {name: a}}", "job.inner.size=4")
    assert job.inner == Inner(name="a", size=4)


def test_a_value_that_names_a_yaml_file_is_its_contents(tmp_path: Path) -> None:
    write(tmp_path, "{name: from the file}", "inner.yaml")
    job = load(tmp_path, "job: {inner: inner.yaml}")
    assert job.inner == Inner(name="from the file")


@pytest.mark.parametrize(
    ("text", "override", "words"),
    [
        ("job: {kk: 1}", None, "section job: expected values for k, inner, rebuild; found kk"),
        ("job: {k: 0}", None, "k: Input should be greater than or equal to 1"),
        ("job: {k: many}", None, "k: Input should be a valid integer"),
        ("jb: {k: 1}", None, "expected the sections environment, job; found jb"),
        ("job: 3", None, "expected keys with values; found 3"),
        ("- job", None, "expected sections with keys"),
        ("job: {", None, "expected YAML"),
        ("job: {inner: none.yaml}", None, r"none\.yaml: expected a configuration file"),
        ("", "k=1", r"expected section\.key=value; found k=1"),
        ("", "job.k", r"expected section\.key=value; found job\.k"),
        ("job: {k: 1}", "job.k.deep=2", "expected k to have keys"),
        ("", "job.k={", r"expected job\.k=VALUE in YAML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, override: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, text, *([override] if override else []))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: expected a configuration file"):
        load_config(tmp_path / "nowhere.yaml", [], known=[])


@pytest.mark.parametrize("tables", ["{}", "{root: a, database: b}"])
def test_tables_live_in_a_folder_or_a_schema(tmp_path: Path, tables: str) -> None:
    config = load_config(write(tmp_path, f"environment: {{tables: {tables}}}"), [], known=[])
    with pytest.raises(ConfigError, match="give either root"):
        config.environment()


def test_the_hash_tells_settings_apart_but_for_excluded_fields() -> None:
    assert config_hash(Job(k=1)) != config_hash(Job(k=2))
    assert config_hash(Job()) == config_hash(Job(rebuild=True))
