"""Configuration: one YAML file per environment, one section per job, overridden by --set."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError

from cxspark.contracts.errors import ConfigError
from cxspark.contracts.settings import Settings
from cxspark.runtime.lineage import OpenLineageSettings
from cxspark.runtime.location import Location
from cxspark.runtime.logs import LogFormat
from cxspark.runtime.tracking import MlflowSettings

M = TypeVar("M", bound=BaseModel)
ENVIRONMENT = "environment"
MemoryCheck = Literal["refuse", "warn", "ignore"]


class Environment(Settings):
    """Where a job runs: its tables, its Spark settings, and who is told of it."""

    tables: Location
    spark: dict[str, str] = Field(default_factory=dict, description="Spark settings, as strings")
    logs: LogFormat = Field(
        "text", description="progress on stderr: for people, or one JSON object a line"
    )
    memory_check: MemoryCheck = Field(
        "refuse", description="what to do before a job that needs more memory than there is"
    )
    mlflow: MlflowSettings | None = Field(None, description="where runs are kept too")
    openlineage: OpenLineageSettings | None = Field(None, description="who hears of lineage")


class Config:
    """A configuration file with its overrides, not yet validated section by section.

    Args:
        sections: section -> key -> value.
        origin: what to call it in an error.
    """

    def __init__(self, sections: Mapping[str, Mapping[str, Any]], *, origin: str) -> None:
        self._sections = sections
        self._origin = origin

    def section(self, name: str, model: type[M]) -> M:
        """One section as its settings model; its defaults where the file has none.

        Raises:
            ConfigError: a key is unknown or missing, or a value is out of range; all are named.
        """
        try:
            return model.model_validate(self._sections.get(name) or {})
        except ValidationError as error:
            known = ", ".join(model.model_fields)
            found = "; ".join(
                f"{'.'.join(str(part) for part in one['loc']) or name}: {one['msg']}"
                for one in error.errors()
            )
            raise ConfigError(
                f"{self._origin}, section {name}",
                f"values for {known}",
                found,
                "correct the file, or pass --set section.key=value",
            ) from error

    def jobs(self) -> list[str]:
        """The jobs that have a section, in the order of the file; an empty section is one too."""
        return [name for name in self._sections if name != ENVIRONMENT]

    def environment(self) -> Environment:
        """The section ``environment``."""
        return self.section(ENVIRONMENT, Environment)


def load_config(path: Path, overrides: Sequence[str], *, known: Collection[str]) -> Config:
    """Read a configuration.

    A value that is a string ending in ``.yaml`` stands for that file's contents; in the file it's
    relative to the file's folder, in an override to the working directory.

    Args:
        path: the YAML file.
        overrides: ``section.key=value``, the value in YAML; deeper keys by further dots.
        known: the sections there may be, beside ``environment``.

    Raises:
        ConfigError: no such file, no YAML, an unknown section, or an override of another form.
    """
    sections = _included(_read(path), path.parent)
    for override in overrides:
        _apply(sections, override)
    unknown = sorted(set(sections) - set(known) - {ENVIRONMENT})
    if unknown:
        raise ConfigError(
            str(path),
            f"the sections {ENVIRONMENT}, {', '.join(sorted(known))}",
            ", ".join(unknown),
            "correct the name, or drop the section",
        )
    wrong = [name for name, keys in sections.items() if not isinstance(keys, dict | None)]
    if wrong:
        raise ConfigError(
            f"{path}, section {wrong[0]}",
            "keys with values",
            str(sections[wrong[0]]),
            "indent them",
        )
    return Config(sections, origin=str(path))


def config_hash(settings: Settings) -> str:
    """A short hash that is equal where the settings are; fields excluded from dumps don't count."""
    text = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            str(path), "a configuration file", error.strerror or "none", "pass --config FILE"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "YAML in UTF-8", str(error), "correct the file") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ConfigError(str(path), "sections with keys", str(found)[:80], "see conf/local.yaml")
    return found


def _included(value: Any, folder: Path) -> Any:
    """The value with every file name that ends in .yaml replaced by that file's contents."""
    if isinstance(value, str) and value.endswith(".yaml"):
        path = folder / value
        return _included(_read(path), path.parent)
    if isinstance(value, dict):
        return {key: _included(one, folder) for key, one in value.items()}
    if isinstance(value, list):
        return [_included(one, folder) for one in value]
    return value


def _apply(sections: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    *parents, key = name.split(".")
    if not equals or not parents:
        raise ConfigError("--set", "section.key=value", override, "write it so")
    target = sections
    for parent in parents:
        below = target.setdefault(parent, {})
        if below is None:
            below = target[parent] = {}
        if not isinstance(below, dict):
            raise ConfigError("--set", f"{parent} to have keys", str(below), f"drop .{key}")
        target = below
    try:
        target[key] = _included(yaml.safe_load(text), Path())
    except yaml.YAMLError as error:
        raise ConfigError("--set", f"{name}=VALUE in YAML", text, "quote the value") from error
