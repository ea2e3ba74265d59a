"""How many clusters: a recommendation, and its reason in words."""

from collections.abc import Sequence

from cxspark.segmentation.clusters import Trial
from cxspark.segmentation.settings import Criterion


def best_of_each(trials: Sequence[Trial]) -> list[Trial]:
    """Of each k the trial of the least SSE, ties by seed; by ascending k.

    Left out: those that found fewer clusters than were asked for.
    """
    best: dict[int, Trial] = {}
    for trial in sorted(trials, key=lambda one: (one.k, one.sse, one.seed)):
        if trial.n_clusters == trial.k:
            best.setdefault(trial.k, trial)
    return list(best.values())


def measure_elbow(ks: Sequence[int], errors: Sequence[float]) -> list[float]:
    """How far each point of the curve of SSE over k lies below the line between its ends.

    Both axes go from 0 to 1, and the distance is taken upwards; the elbow is where it is greatest
    (Satopaa et al. 2011, "Finding a Kneedle in a Haystack", without its smoothing). 0 at the ends,
    negative above the line.

    Example:
        >>> measure_elbow([1, 2, 3], [100.0, 20.0, 0.0])
        [0.0, 0.3, 0.0]
    """
    width, height = (ks[-1] - ks[0]) or 1, (errors[0] - errors[-1]) or 1.0
    return [
        1 - (k - ks[0]) / width - (error - errors[-1]) / height if errors[0] > errors[-1] else 0.0
        for k, error in zip(ks, errors, strict=True)
    ]


def choose_trial(trials: Sequence[Trial], *, by: Criterion) -> tuple[Trial, str]:
    """The trial whose clusters are used, and why.

    Each number of clusters is spoken for by its best trial (`best_of_each`). `elbow` takes the k of
    the greatest `measure_elbow`; where no k is below the line, or fewer than three were tried, the
    silhouette decides. Equals: the smaller k.
    """
    best = best_of_each(trials) or [min(trials, key=lambda one: (-one.n_clusters, one.sse))]
    if len(best) == 1:
        return best[0], f"{best[0].n_clusters} clusters: no other number was tried, or found"
    depths = measure_elbow([one.k for one in best], [one.sse for one in best])
    round_, compact = (max(best, key=_silhouette), min(best, key=_davies_bouldin))
    ways = {
        "elbow": (
            best[depths.index(max(depths))],
            f"the curve of SSE from k = {best[0].k} to {best[-1].k} bends most there, "
            f"{max(depths):.2f} of its height below the straight line",
        ),
        "silhouette": (round_, f"its silhouette is the highest, {_silhouette(round_):.3f}"),
        "davies_bouldin": (
            compact,
            f"its Davies-Bouldin index is the lowest, {_davies_bouldin(compact):.3f}",
        ),
    }
    if max(depths) <= 0:
        ways["elbow"] = (round_, f"the curve of SSE has no bend; {ways['silhouette'][1]}")
    chosen, reason = ways[by]
    others = ", ".join(
        f"{way.replace('_', '-')} k = {trial.k}" for way, (trial, _) in ways.items() if way != by
    )
    return chosen, f"k = {chosen.k}: {reason}; by the others: {others}"


def _silhouette(trial: Trial) -> float:
    return -2.0 if trial.silhouette is None else trial.silhouette


def _davies_bouldin(trial: Trial) -> float:
    return float("inf") if trial.davies_bouldin is None else trial.davies_bouldin
