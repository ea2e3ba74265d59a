"""``cxspark``: the same jobs for a person at a keyboard."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeGuard, get_args

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table as Grid

from cxspark.contracts.catalogue import TABLES
from cxspark.contracts.errors import ConfigError, CxsparkError
from cxspark.contracts.events import LOADS
from cxspark.demo import run_demo
from cxspark.ingest.source import Expression
from cxspark.orchestration import GraphFormat, write_graph
from cxspark.runtime.config import load_config
from cxspark.runtime.logs import show_progress
from cxspark.runtime.outcome import Outcome
from cxspark.runtime.run import Run
from cxspark.runtime.session import fetch_jars, open_session
from cxspark.runtime.submit import run_steps
from cxspark.runtime.tables import Tables
from cxspark.steps.graph import STEPS, in_order, with_upstream

app = typer.Typer(
    help="Spark jobs over Delta tables, from raw events to recommendations and a report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# A file or a pipe has no width of its own: nothing is cut there to fit a screen.
out = Console(width=None if sys.stdout.isatty() else 200)

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="CXSPARK_CONFIG", help="YAML of the environment")
]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="repeatable")
]
DEFAULT_CONFIG = Path("conf/local.yaml")


@app.command()
def demo(
    file: Annotated[
        Path | None, typer.Argument(help="your own events; a made-up shop without it")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            envvar="CXSPARK_DEMO",
            help="the folder everything is written to; by default .demo, or .demo/own/NAME of FILE",
        ),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="mapping of FILE's columns; guessed without it")
    ] = None,
) -> None:
    """Run the page's jobs once: raw files, tables, recommendations, and a page to look at."""
    show_progress()
    folder = into or (Path(".demo/own", file.stem) if file else Path(".demo"))
    outcomes, page = run_demo(folder, file, source)
    _print_outcomes(outcomes)
    if outcomes[-1].exit_code:
        raise typer.Exit(outcomes[-1].exit_code)
    config = load_config(folder / "demo.yaml", [], known=STEPS)
    tables = Tables(open_session({}), config.environment().tables, Run("demo", "demo"))
    _print_funnel(tables)
    out.print(f"\nThe report: [bold]{page}[/bold]", soft_wrap=True)
    out.print(f"Look further: cxspark show gold.recommendations -c {folder}/demo.yaml")


@app.command()
def run(
    names: Annotated[list[str], typer.Argument(metavar="JOB...", help="see `cxspark jobs`")],
    config: ConfigFile = DEFAULT_CONFIG,
    set_: Overrides = None,
    run_id: Annotated[str | None, typer.Option(help="give retries the same")] = None,
    dry_run: Annotated[bool, typer.Option(help="check everything, write nothing")] = False,
    upstream: Annotated[bool, typer.Option(help="also the jobs that these read from")] = False,
) -> None:
    """Run jobs in one session, in the order that the job graph asks for."""
    steps = in_order(with_upstream(names) if upstream else names)
    code = run_steps(steps, config, set_ or [], run_id=run_id, dry_run=dry_run, known=STEPS)
    raise typer.Exit(code)


@app.command()
def jobs(
    name: Annotated[str | None, typer.Argument(metavar="[JOB]", help="its settings, told")] = None,
) -> None:
    """What each job reads and writes, and its settings; of one job, what each setting means."""
    if name:
        (step,) = in_order([name])
        grid = Grid("setting", "default", "what it is")
        for row in _told(step.settings):
            grid.add_row(*row)
        out.print(grid)
        return
    grid = Grid("job", "what it does", "reads", "writes", "settings (default)", show_lines=True)
    for step in in_order(STEPS):
        fields = step.settings.model_fields.items()
        settings = (
            f"{name} ({'required' if one.is_required() else one.get_default()})"
            for name, one in fields
        )
        reads = [table.name for table in step.reads]
        if len(step.optional) < len(TABLES) - 1:
            reads += [f"{table.name} (if made)" for table in step.optional]
        else:
            reads.append("every table (if made)")
        writes = [table.name for table in step.writes]
        sides = ("\n".join(side) for side in (reads, writes, settings))
        grid.add_row(step.name, step.summary, *sides)
    out.print(grid)


@app.command()
def graph(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB]...", help="default: those with a section, and upstream"),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    form: Annotated[GraphFormat, typer.Option("--format")] = GraphFormat.JSON,
    set_: Overrides = None,
) -> None:
    """The jobs of a configuration and what each comes after, for an orchestrator."""
    sys.stdout.write(write_graph(config, names or [], set_ or [], form=form))


@app.command()
def tables(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Every table: what a row is, how many there are, and which run wrote it last."""
    reader = _reader(config)
    grid = Grid("table", "one row per", "rows", "version", "written by")
    for table in TABLES.values():
        newest = reader.history(table, limit=1)
        grain = table.grain.removeprefix("one row per ")
        if not newest:
            grid.add_row(table.name, grain, "-", "-", "not made yet")
            continue
        written_by = f"{newest[0].job} {newest[0].run_id}".strip()
        count = reader.read(table).count()
        grid.add_row(table.name, grain, f"{count:,}", str(newest[0].version), written_by)
    out.print(grid)


@app.command()
def show(
    table: Annotated[str, typer.Argument(help="layer.name, as `cxspark tables` lists them")],
    config: ConfigFile = DEFAULT_CONFIG,
    where: Annotated[str | None, typer.Option(help="SQL over the table's columns")] = None,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="how many")] = 20,
) -> None:
    """Some rows of a table."""
    if table not in TABLES:
        raise ConfigError("table", f"one of {', '.join(TABLES)}", table, "see `cxspark tables`")
    frame = _reader(config).read(TABLES[table])
    found = (frame.where(where) if where else frame).limit(rows).collect()
    grid = Grid(*frame.columns)
    for row in found:
        grid.add_row(*("" if value is None else str(value) for value in row))
    out.print(grid)


@app.command()
def jars(folder: Annotated[Path, typer.Argument(help="where to put them")]) -> None:
    """Fetch Delta's jars into a folder; CXSPARK_JARS names it to later sessions."""
    for jar in fetch_jars(folder):
        out.print(str(jar), soft_wrap=True)


def _told(settings: type[BaseModel], within: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, default and description of each setting, and of those within it."""
    for name, field in settings.model_fields.items():
        default = "required" if field.is_required() else field.get_default()
        kinds = [one for one in (field.annotation, *get_args(field.annotation)) if _is_model(one)]
        told = "" if isinstance(default, BaseModel) else str(default)
        docs = [(kind.__doc__ or "").split("\n")[0] for kind in kinds]
        yield within + name, told, field.description or " ".join(docs)
        for kind in kinds:
            if kind is not Expression:
                yield from _told(kind, f"{within}{name}.")


def _is_model(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _reader(config: Path) -> Tables:
    environment = load_config(config, [], known=STEPS).environment()
    spark = open_session(environment.spark, writes=False)
    return Tables(spark, environment.tables, Run("cxspark", "reader"))


def _print_outcomes(outcomes: list[Outcome]) -> None:
    grid = Grid("job", "ended", "seconds", "wrote")
    for one in outcomes:
        wrote = "\n".join(f"{o.table}: {o.n_rows:,} rows" for o in one.run.outputs)
        grid.add_row(one.run.job, one.status, f"{one.seconds:.1f}", wrote or "-")
    out.print(grid)


def _print_funnel(tables: Tables) -> None:
    sums = [f"sum({name}) AS {name}" for name in LOADS.columns if name.startswith("n_")]
    (total,) = tables.read(LOADS).selectExpr(*sums).collect()
    out.print(
        f"records in {total.n_records:,} = accepted {total.n_accepted:,}"
        f" + duplicates {total.n_duplicates:,} + quarantined {total.n_quarantined:,}"
    )


def main() -> None:
    """Run the command line; an error of the suite is a sentence and an exit code, no traceback."""
    try:
        app()
    except CxsparkError as error:
        Console(stderr=True).print(f"cxspark: {error}", style="bold red", markup=False)
        sys.exit(error.exit_code)
