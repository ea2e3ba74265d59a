"""Customers' features as points, with a word on who and what is left out."""

from cxspark.runtime.tables import Tables
from cxspark.segmentation.scaling import Scaler
from cxspark.steps.features import Features


def fit_scaler(tables: Tables, features: Features, scaler: Scaler) -> Scaler:
    """The scaler, fitted to the customers; what it can't use is told as the run's warnings."""
    scaler.fit(features.rows)
    if scaler.n_incomplete_:
        tables.warn(
            f"{scaler.n_incomplete_:,} customers of {features.source} are left out: they lack one "
            f"of {', '.join(scaler.by)}"
        )
    if scaler.constant_:
        tables.warn(f"the same for all customers, so no help: {', '.join(scaler.constant_)}")
    return scaler
