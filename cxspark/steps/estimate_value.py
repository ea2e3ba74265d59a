"""Learn how customers buy and spend, test that on what came later, and tell what each is worth."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from cxspark.contracts.errors import ConfigError, ContractError
from cxspark.contracts.events import SILVER_EVENTS
from cxspark.contracts.keeping import keep, release
from cxspark.contracts.value import CUSTOMER_VALUE, VALUE_FORECASTS, VALUE_MODELS
from cxspark.runtime.ddl import quoted
from cxspark.runtime.step import Step
from cxspark.runtime.tables import Tables
from cxspark.segmentation.purchases import (
    aggregate_purchase_days,
    measure_purchases,
    summarize_purchases,
)
from cxspark.segmentation.purchases_fit import BgNbd
from cxspark.segmentation.spending import GammaGamma, describe_spending
from cxspark.segmentation.value import score_customers
from cxspark.segmentation.value_forecasts import evaluate_forecasts
from cxspark.segmentation.value_settings import EstimateValueSettings
from cxspark.segmentation.value_words import cautions, left_out, verdicts
from cxspark.steps import estimates


@dataclass(frozen=True)
class Window:
    """What was learnt from the purchases up to a day.

    Attributes:
        name: calibration or all.
        until: that day.
        histories: `HISTORIES` up to it.
        purchases: fitted.
        spending: fitted; None where too few customers spent anything.
    """

    name: str
    until: date
    histories: DataFrame
    purchases: BgNbd
    spending: GammaGamma | None


def run(spark: SparkSession, settings: EstimateValueSettings, tables: Tables) -> None:
    """Learn from the calibration and forecast the holdout; learn from everything and value."""
    tables.watch(*STEP.writes)
    every = tables.read(SILVER_EVENTS)
    events = every.where(F.col("source") == settings.source) if settings.source else every
    measured = measure_purchases(events, types=settings.event_types).collect()[0]
    _warn(tables, left_out(measured))
    as_of = settings.as_of or _newest_day(measured)
    days = keep(aggregate_purchase_days(events, types=settings.event_types, as_of=as_of))
    until = _split_day(settings, days, as_of)
    judged, final = (
        _learn(name, day, days, settings, tables)
        for name, day in (("calibration", until), ("all", as_of))
    )
    common: dict[str, Any] = {"source": settings.name, "unit_days": settings.unit_days}
    forecasts = evaluate_forecasts(
        judged.histories,
        judged.purchases.parameters_,
        rate=judged.purchases.rate_,
        calibration_until=until,
        holdout_until=as_of,
        **common,
    ).collect()
    values = score_customers(
        final.histories,
        final.purchases.parameters_,
        final.spending.parameters_ if final.spending else None,
        as_of=as_of,
        horizon=settings.horizon,
        discount=settings.discount,
        **common,
    )
    newcomers = final.purchases.n_customers_ - judged.purchases.n_customers_
    _warn(tables, verdicts(forecasts, newcomers))
    models = [_row(*one, settings, tables) for one in _models(judged, final)]
    ours = f"source = {quoted(settings.name)}"
    write = partial(tables.overwrite, where=ours, part=settings.name)
    tables.side_by_side(
        partial(write, CUSTOMER_VALUE, values),
        *(
            partial(write, table, spark.createDataFrame(rows, table.schema))
            for table, rows in ((VALUE_MODELS, models), (VALUE_FORECASTS, forecasts))
        ),
    )
    release(judged.histories, final.histories, days)


def _warn(tables: Tables, warnings: Iterable[str]) -> None:
    for warning in warnings:
        tables.warn(warning)


def _newest_day(measured: Row) -> date:
    if measured["newest_day"] is None:
        raise ContractError(
            SILVER_EVENTS.name,
            "events of the source",
            "none",
            "run ingest_events, or name another source in estimate_value.source",
        )
    newest: date = measured["newest_day"]
    return newest


def _split_day(settings: EstimateValueSettings, days: DataFrame, as_of: date) -> date:
    """The last day of the calibration.

    Raises:
        ConfigError: it leaves no purchase before it, or no day after it.
    """
    first: date = days.agg(F.min("day")).collect()[0][0] or as_of
    share = timedelta(int(settings.calibration_share * (as_of - first).days))
    until = settings.calibration_until or first + share
    if not first <= until < as_of:
        raise ConfigError(
            "estimate_value.calibration_until",
            f"a day from {first}, the first purchase's, until before {as_of}",
            str(until),
            "give a day between them, or take in more events",
        )
    return until


def _learn(
    name: str, until: date, days: DataFrame, settings: EstimateValueSettings, tables: Tables
) -> Window:
    """Both models of the purchases up to a day, with what a person should know of them."""
    histories = keep(summarize_purchases(days, until=until, unit_days=settings.unit_days))
    limits = settings.model_dump(include={"min_customers", "max_groups"})
    purchases = BgNbd(**limits).fit(histories)
    spends = describe_spending(histories).collect()[0]
    is_enough = spends["n_users"] >= settings.min_customers
    window = Window(
        name,
        until,
        histories,
        purchases,
        GammaGamma(**limits).fit(histories) if is_enough else None,
    )
    _warn(tables, cautions(name, purchases, window.spending, spends, settings.max_correlation))
    return window


def _models(*windows: Window) -> Iterator[tuple[Window, str, BgNbd | GammaGamma]]:
    for window in windows:
        yield window, "bg_nbd", window.purchases
        if window.spending is not None:
            yield window, "gamma_gamma", window.spending


def _row(
    window: Window,
    model: str,
    fitted: BgNbd | GammaGamma,
    settings: EstimateValueSettings,
    tables: Tables,
) -> dict[str, Any]:
    """What `VALUE_MODELS` keeps of a model."""
    return {
        "source": settings.name,
        "model": model,
        "window": window.name,
        "until": window.until,
        "unit_days": settings.unit_days,
        "parameters": asdict(fitted.parameters_),
        "log_likelihood": fitted.log_likelihood_,
        "n_users": fitted.n_customers_,
        "grid": float(fitted.grid_),
        "is_converged": not fitted.at_bounds_,
        "run_id": tables.run.run_id,
        "trained_at": tables.run.started_at,
        "input": f"{SILVER_EVENTS.name}@{tables.version(SILVER_EVENTS)}",
    }


STEP = Step(
    name="estimate_value",
    summary="purchases -> who is still a customer, how often and for how much she will buy",
    settings=EstimateValueSettings,
    reads=(SILVER_EVENTS,),
    writes=(CUSTOMER_VALUE, VALUE_MODELS, VALUE_FORECASTS),
    run=run,
    rows=estimates.row_for_row((CUSTOMER_VALUE, SILVER_EVENTS)),
)
