"""What a person should know of the estimates, in sentences: left out, doubtful, beaten."""

from collections.abc import Iterator, Sequence

from pyspark.sql import Row

from cxspark.segmentation.purchases_fit import BgNbd
from cxspark.segmentation.spending import GammaGamma
from cxspark.segmentation.value_forecasts import EVERYONE, OURS


def left_out(measured: Row) -> Iterator[str]:
    """Which events don't count, or not fully, of the row of `measure_purchases`."""
    told = {
        "n_negative": "purchases of a negative amount, left out",
        "n_unpriced": "purchases without an amount, which count as purchases but not in the spend",
        "n_free": "purchases for nothing, which count as such in the spend",
        "n_given_back": "events that give money back, not set off against the spend",
    }
    for name, what in told.items():
        if measured[name]:
            yield f"{what}: {measured[name]:,}"


def cautions(
    window: str,
    purchases: BgNbd,
    spending: GammaGamma | None,
    spends: Row,
    max_correlation: float,
) -> Iterator[str]:
    """What makes a window's models doubtful; ``spends`` is the row of `describe_spending`."""
    correlation = spends["correlation"]
    if spending is None:
        yield (
            f"{window}: {spends['n_users']:,} customers who bought again for money are too few to "
            "learn what they spend: spend and value are null"
        )
    elif correlation is not None and abs(correlation) > max_correlation:
        yield (
            f"{window}: frequency and spend correlate by {correlation:.2f}; Gamma-Gamma takes them "
            "for independent, so the values of frequent customers are "
            f"{'low' if correlation > 0 else 'high'}"
        )
    for name, model in (("BG/NBD", purchases), ("Gamma-Gamma", spending)):
        if model is not None and model.at_bounds_:
            yield (
                f"{window}: {', '.join(model.at_bounds_)} of {name} went as far as allowed: these "
                "customers don't tell them"
            )
        if model is not None and model.grid_:
            yield f"{window}: {name} learnt from customers rounded to a grid of {model.grid_:g}"


def verdicts(forecasts: Sequence[Row], newcomers: int) -> Iterator[str]:
    """Where a naive forecast was nearer than BG/NBD beyond noise, over all customers.

    ``newcomers``: customers whom nothing was forecast for, as they came in the holdout.
    """
    if newcomers:
        yield (
            f"customers who first bought after {forecasts[0]['calibration_until']}, whom no "
            f"forecast is made for: {newcomers:,}"
        )
    for row in forecasts:
        if row["bin"] != EVERYONE or row["model"] == OURS:
            continue
        for error in ("mse", "mae"):
            high = row[f"{error}_difference_high"]
            if high is not None and high < 0:
                yield (
                    f"the naive forecast {row['model']} was nearer than {OURS} to what customers "
                    f"bought until {row['holdout_until']}, by {error}: "
                    f"{row[f'{error}_difference']:+.4f} (95% interval up to {high:+.4f})"
                )
