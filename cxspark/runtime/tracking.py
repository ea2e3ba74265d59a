"""Runs in MLflow: settings as parameters, what a run took and found as metrics."""

import os
import re
from typing import Any

from pydantic import Field

from cxspark.contracts.settings import Settings
from cxspark.runtime.outcome import Outcome

# A server that doesn't answer mustn't hold up a job: MLflow by itself tries for minutes.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
_LONGEST_PARAMETER = 500
# What MLflow refuses in a metric's name; ours have event types in them, which are the user's.
_NOT_IN_NAMES = re.compile(r"[^/\w.\- :]")


class MlflowSettings(Settings):
    """Where runs are kept."""

    tracking_uri: str = Field(description="sqlite:///runs.db, http://host:5000, databricks")
    experiment: str = Field("cxspark", description="its name; made where there is none")


class Tracking:
    """An MLflow run for each attempt of a job; needs ``cxspark[mlflow]``."""

    def __init__(self, settings: MlflowSettings) -> None:
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient  # noqa: PLC0415 an optional dependency, slow to import

        self._client: Any = MlflowClient(tracking_uri=settings.tracking_uri)
        found = self._client.get_experiment_by_name(settings.experiment)
        self._experiment_id = (
            found.experiment_id if found else self._client.create_experiment(settings.experiment)
        )

    def started(self, outcome: Outcome) -> None:
        """Nothing: a run is written at once when it has ended, so none is left open by a kill."""

    def ended(self, outcome: Outcome, settings: Settings) -> None:
        """Write the run: tags say which it was and what it read, so that it can be found again."""
        from mlflow.entities import Metric, Param  # noqa: PLC0415

        run = outcome.run
        inputs = {f"input.{one.table}": str(one.version) for one in outcome.inputs}
        outputs = {f"output.{one.table}": str(one.version) for one in run.outputs}
        tags = {"run_id": run.run_id, "job": run.job, "config_hash": run.config_hash}
        begin = int(run.started_at.timestamp() * 1000)
        kept = self._client.create_run(
            self._experiment_id,
            start_time=begin,
            run_name=f"{run.job} {run.run_id}",
            tags={f"cxspark.{name}": one for name, one in {**tags, **inputs, **outputs}.items()},
        )
        kept_id = kept.info.run_id
        try:
            self._client.log_batch(
                kept_id,
                metrics=[
                    Metric(_NOT_IN_NAMES.sub("_", name), one, begin, 0)
                    for name, one in outcome.metrics.items()
                ],
                params=[
                    Param(name, str(value)[:_LONGEST_PARAMETER])
                    for name, value in settings.model_dump(mode="json").items()
                ],
            )
        finally:
            self._client.set_terminated(
                kept_id,
                status="FAILED" if outcome.exit_code else "FINISHED",
                end_time=begin + int(outcome.seconds * 1000),
            )
