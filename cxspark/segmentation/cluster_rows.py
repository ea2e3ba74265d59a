"""Trials and clusters as the rows of their tables."""

from collections.abc import Sequence

from pyspark.sql import Row

from cxspark.segmentation.cluster_kernel import Matrix
from cxspark.segmentation.clusters import Trial
from cxspark.segmentation.scaling import Scaler


def list_trials(trials: Sequence[Trial], chosen: Trial, reason: str, *, source: str) -> list[Row]:
    """The rows of ``CLUSTER_TRIALS``: one per trial."""
    return [
        Row(
            source=source,
            k=trial.k,
            seed=trial.seed,
            n_clusters=trial.n_clusters,
            sse=trial.sse,
            silhouette=trial.silhouette,
            davies_bouldin=trial.davies_bouldin,
            is_chosen=trial is chosen,
            reason=reason if trial is chosen else None,
        )
        for trial in trials
    ]


def list_centers(trial: Trial, scaler: Scaler, *, source: str) -> list[Row]:
    """The rows of ``CLUSTER_CENTERS``: one per cluster."""
    return [
        Row(
            source=source,
            cluster=cluster,
            n_users=size,
            center=_by_feature(scaler, center),
            deviations=_by_feature(scaler, deviations),
            sse=error,
        )
        for cluster, (size, error, center, deviations) in enumerate(
            zip(
                trial.sizes,
                trial.errors,
                scaler.to_units(trial.centres),
                scaler.to_deviations(trial.centres),
                strict=True,
            ),
            1,
        )
    ]


def _by_feature(scaler: Scaler, values: Matrix) -> dict[str, float]:
    return dict(zip(scaler.by, values.tolist(), strict=True))
