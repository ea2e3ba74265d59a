"""Tables of what customers are expected to buy, and of how well that was foretold."""

from pyspark.sql.types import (
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructType,
    TimestampType,
)

from cxspark.contracts.table import Table, column

_SOURCE = column("source", StringType(), "whose events: a data source's name; events: of all")

CUSTOMER_VALUE = Table(
    name="gold.customer_value",
    grain="one row per source x user_id who bought, at the end of a day",
    schema=StructType(
        [
            _SOURCE,
            column("user_id", StringType(), "who"),
            column("as_of", DateType(), "the day at whose end it is told, UTC"),
            column("unit_days", IntegerType(), "days in a unit of time"),
            column("frequency", LongType(), "days with a purchase after the first of them"),
            column("recency", DoubleType(), "units from the first purchase to the last"),
            column("age", DoubleType(), "units from the first purchase to as_of"),
            column("p_alive", DoubleType(), "probability of still being a customer, 0 to 1"),
            column("horizon", IntegerType(), "units ahead of as_of that are looked at"),
            column("expected_purchases", DoubleType(), "days with a purchase in the horizon"),
            column(
                "expected_spend",
                DoubleType(),
                "money per purchase; null: too few spends to learn from",
                nullable=True,
            ),
            column(
                "expected_value",
                DoubleType(),
                "money in the horizon, discounted if that was asked for; null as the spend",
                nullable=True,
            ),
        ]
    ),
    key=("source", "user_id"),
    checks={"p_alive_is_a_probability": "p_alive BETWEEN 0 AND 1"},
    partition_by=("source",),
)

VALUE_MODELS = Table(
    name="gold.value_models",
    grain="one row per source x model x window: what the source's newest run learnt",
    schema=StructType(
        [
            _SOURCE,
            column("model", StringType(), "bg_nbd: purchases; gamma_gamma: spend per purchase"),
            column("window", StringType(), "calibration: for value_forecasts; all: for values"),
            column("until", DateType(), "the last day it was learnt from"),
            column("unit_days", IntegerType(), "days in a unit of time"),
            column("parameters", MapType(StringType(), DoubleType(), False), "name -> value"),
            column("log_likelihood", DoubleType(), "of all customers, at the parameters"),
            column("n_users", LongType(), "customers learnt from"),
            column("grid", DoubleType(), "what times, or shares of spends, were rounded to; 0: no"),
            column("is_converged", BooleanType(), "whether all parameters ended within bounds"),
            column("run_id", StringType(), "the run that learnt it"),
            column("trained_at", TimestampType(), "when that run started, UTC"),
            column("input", StringType(), "what it was learnt from: table@version"),
        ]
    ),
    key=("source", "model", "window"),
    partition_by=("source",),
)

VALUE_FORECASTS = Table(
    name="gold.value_forecasts",
    grain="one row per source x model x bin of frequency: forecast purchases and those made",
    schema=StructType(
        [
            _SOURCE,
            column("model", StringType(), "bg_nbd, same_rate, average"),
            column("bin", StringType(), "repeat purchases before: 0 to 6, 7+; all: any"),
            column("calibration_until", DateType(), "the last day that was learnt from"),
            column("holdout_until", DateType(), "the last day that was forecast"),
            column("n_users", LongType(), "customers who had bought by calibration_until"),
            column("actual", DoubleType(), "purchases made, mean per customer"),
            column("expected", DoubleType(), "purchases forecast, mean per customer"),
            column("total_error", DoubleType(), "forecast less made, over all these customers"),
            column("mae", DoubleType(), "mean absolute error per customer"),
            column("rmse", DoubleType(), "root of the mean squared error per customer"),
            *(
                column(f"{name}{part}", DoubleType(), f"{told}{end}", nullable=True)
                for name, told in (
                    ("mae_difference", "mae less bg_nbd's, of the same customers"),
                    ("mse_difference", "squared error less bg_nbd's, of the same customers"),
                )
                for part, end in (
                    ("", "; null: bg_nbd"),
                    ("_low", ": lower end of the 95% interval"),
                    ("_high", ": upper end"),
                )
            ),
        ]
    ),
    key=("source", "model", "bin"),
    checks={"has_time": "calibration_until < holdout_until"},
    partition_by=("source",),
)
