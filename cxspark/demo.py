"""The main job on a made-up shop, or on one's own events: from raw files to the report."""

import csv
import logging
from importlib.resources import files
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import yaml

from cxspark.contracts.errors import ConfigError
from cxspark.ingest.guess import guess_source
from cxspark.ingest.settings import Source
from cxspark.runtime.config import load_config
from cxspark.runtime.outcome import Outcome
from cxspark.runtime.submit import submit
from cxspark.steps.graph import STEPS, in_order, with_upstream
from cxspark.synthetic.settings import SyntheticSettings
from cxspark.synthetic.world import write_world

log = logging.getLogger("cxspark")


def run_demo(folder: Path, file: Path | None, source: Path | None) -> tuple[list[Outcome], Path]:
    """Write a configuration and the raw files of a made-up shop, and run what the report needs.

    Args:
        folder: where everything goes: demo.yaml, source.yaml, raw/, tables/, report/.
        file: one's own events instead; CSV where `source` is None, as its columns are guessed then.
        source: their mapping, as those in conf/sources.

    Returns:
        How each job ended, and where the page is.

    Raises:
        ConfigError: no such file, or a folder that can't be written to or has another file's.
        ContractError: the columns of the file can't be guessed.
    """
    folder = folder.absolute()
    given = str(file.absolute() if file else folder / "raw")
    path = _claimed(folder, given)
    if file is None:
        write_world(folder / "raw", SyntheticSettings())
        mapping = files("cxspark.synthetic").joinpath("source.yaml").read_text(encoding="utf-8")
    elif source is None:
        mapping = _as_yaml(guessed(file).model_dump(mode="json", exclude_defaults=True))
    else:
        mapping = source.read_text(encoding="utf-8")
    (folder / "source.yaml").write_text(mapping, encoding="utf-8")
    page = folder / "report" / "index.html"
    config = {
        "environment": {
            "tables": {"root": str(folder / "tables")},
            # Over before the optimising compiler would have paid for itself.
            "spark": {
                "spark.driver.extraJavaOptions": (
                    "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -Xss4m"
                )
            },
        },
        "ingest_events": {
            "source": "source.yaml",
            "input": [given],
        },
        "build_report": {"output": str(page)},
    }
    path.write_text(_as_yaml(config), encoding="utf-8")
    steps = in_order(with_upstream(["build_report"]))
    outcomes = submit(steps, load_config(path, [], known=STEPS), run_id="demo")
    return outcomes, page


def _claimed(folder: Path, given: str) -> Path:
    """The configuration's place in the folder, which is made, and has no other input's tables."""
    path = folder / "demo.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConfigError(
            str(folder),
            "a folder that can be written to",
            str(error),
            "pass another with --into; of a container's, let uid 185 write: install -d -m 777 out",
        ) from error
    before = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    if before and before["ingest_events"]["input"] != [given]:
        raise ConfigError(
            str(folder),
            f"what was made of {given}",
            f"those of {before['ingest_events']['input'][0]}",
            "pass another folder with --into, or remove this one: two shops' events in the same "
            "tables would be one shop's",
        )
    return path


def guessed(file: Path) -> Source:
    """A mapping guessed from the header and the first records of a CSV file.

    Raises:
        ConfigError: the file isn't there, or isn't text in UTF-8.
        ContractError: its columns don't say who did what when.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = list(islice(csv.reader(lines), 1000)) or [[]]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            str(file), "a CSV file in UTF-8", str(error), "pass a mapping with --source"
        ) from error
    source = guess_source(header, name=file.stem, rows=rows)
    mapped = source.columns.model_dump(exclude_none=True)
    log.info(
        "guessed, correct it by --source: %s", ", ".join(f"{k}: {v}" for k, v in mapped.items())
    )
    return source


def _as_yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
