"""Sums over the users of a batch in every replicate of a bootstrap, in numpy."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxspark.contracts.errors import ContractError
from cxspark.evaluation.weights import poisson_weights

Floats = NDArray[np.float64]
Key = tuple[str | None, str]

_FEWEST_USERS = 10
# Users weighed together: their weights fit the processor's cache.
_CHUNK = 1024


def add_replicates(
    sums: dict[Key, Floats], batch: pa.RecordBatch, *, baseline: str, n_replicates: int, seed: int
) -> None:
    """Add a batch of users to the sums over users, for each segment and algorithm.

    Args:
        sums: for (segment, algorithm) an array of four x (1 + replicates) x metrics: sum of the
            scores, of their weights, of the differences to the baseline, and of theirs. The first
            replicate has each user once: what was found itself.
        batch: user_hash, segment, and lists: algorithm and scores of each of the user's lists.
        baseline: what the others are compared with, user by user.
        n_replicates: replicates beside the first.
        seed: of the users' weights.
    """
    hashes, segments, lists = batch.columns
    algorithms, scores = _scores(lists)
    differences = np.full_like(scores, np.nan)
    if baseline in algorithms:
        # Taken user by user, equal scores differ by 0 in every replicate, not by rounding.
        differences = scores - scores[:, [algorithms.index(baseline)]]
    values = np.stack([scores, differences], axis=1)
    users = hashes.to_numpy()
    for segment, members in _members(segments):
        for start in range(0, members.size, _CHUNK):
            some = members[start : start + _CHUNK]
            drawn = poisson_weights(users[some], n_replicates=n_replicates, seed=seed)
            weights = np.hstack([np.ones((some.size, 1)), drawn])
            added = _weigh(weights, values[some])
            for place, algorithm in enumerate(algorithms):
                key = (segment, algorithm)
                sums[key] = sums.get(key, 0.0) + added[:, :, place]


def _scores(lists: pa.ListArray) -> tuple[list[str], Floats]:
    """The algorithms of a batch, and users x algorithms x metrics, NaN where there is no score."""
    entries = lists.flatten()
    named = entries.field("algorithm").dictionary_encode()
    algorithms = named.dictionary.to_pylist()
    given = entries.field("scores").flatten().to_numpy(zero_copy_only=False)
    given = given.astype(np.float64).reshape(len(entries), -1)
    user = pc.list_parent_indices(lists).to_numpy()
    code = named.indices.to_numpy(zero_copy_only=False)
    if np.bincount(user * len(algorithms) + code).max(initial=0) > 1:
        raise ContractError(
            "user metrics",
            "one row per algorithm x user_id",
            "several of one user by one algorithm",
            "judge each algorithm's lists once",
        )
    scores = np.full((len(lists), len(algorithms), given.shape[1]), np.nan)
    scores[user, code] = given
    return algorithms, scores


def _members(segments: pa.StringArray) -> Iterator[tuple[str | None, NDArray[np.int64]]]:
    """Each segment with the row numbers of its users; those without are None's."""
    coded = segments.dictionary_encode(null_encoding="encode")
    codes = coded.indices.to_numpy(zero_copy_only=False)
    for code, segment in enumerate(coded.dictionary.to_pylist()):
        yield segment, np.flatnonzero(codes == code)


def _weigh(weights: Floats, values: Floats) -> Floats:
    """Weighted sums over users x (scores, differences) x algorithms x metrics.

    Returns:
        Four x replicates x algorithms x metrics, the four of ``add_replicates``.
    """
    _, _, n_algorithms, n_metrics = values.shape
    flat = values.reshape(values.shape[0], -1)
    is_there = ~np.isnan(flat)
    totals = weights.T @ np.where(is_there, flat, 0.0)
    # Nearly always all users have all scores: then one product serves for all of the weights.
    kinds, kind = np.unique(is_there, axis=1, return_inverse=True)
    counts = (weights.T @ kinds.astype(np.float64))[:, kind.reshape(-1)]
    halves = [
        part.reshape(-1, 2, n_algorithms, n_metrics).swapaxes(0, 1) for part in (totals, counts)
    ]
    return np.stack(halves, axis=1).reshape(4, -1, n_algorithms, n_metrics)


def intervals(sums: Floats, *, level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """What was found, and between which values the replicates lie.

    Args:
        sums: two x (1 + replicates) x metrics: of the values and of their weights.
        level: share of the replicates between the ends.

    Returns:
        For each metric n_users, the mean, and both ends: NaN where nobody has a value, the ends
        also where fewer than ten users have: of normal differences about 0, intervals of 95% over
        two users miss it in half of all cases, over ten in 8%.
    """
    totals, counts = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        means = totals / counts
    n_users = counts[0]
    ends = np.full((2, n_users.size), np.nan)
    several = n_users >= _FEWEST_USERS
    if several.any():
        tails = [(1 - level) / 2, (1 + level) / 2]
        # A replicate that draws nobody has no mean: it says nothing.
        ends[:, several] = np.nanquantile(means[1:, several], tails, axis=0)
    return n_users, means[0], ends[0], ends[1]


def with_all(sums: dict[Key, Floats], name: str) -> Iterator[tuple[str, str, Floats]]:
    """Segment, algorithm and sums, with a segment of all users, those of none included."""
    totals: dict[str, Floats] = {}
    for (segment, algorithm), some in sums.items():
        if segment is not None:
            yield segment, algorithm, some
        totals[algorithm] = totals.get(algorithm, 0.0) + some
    for algorithm, some in totals.items():
        yield name, algorithm, some


def unpacked(blobs: Sequence[bytes], *, n_metrics: int) -> Floats:
    """The total of sums that were packed as bytes, one of each partition."""
    return sum(
        (np.frombuffer(blob, np.float64).reshape(4, -1, n_metrics) for blob in blobs), np.zeros(())
    )
