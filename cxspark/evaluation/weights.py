"""How often each user is drawn in each replicate of a bootstrap, by counting and hashing alone."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

# SplitMix64 (Steele, Lea and Flood 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
# A hash has room for so many draws of 16 bits.
_DRAWS = 4


def poisson_weights(user_hashes: NDArray[np.int64], *, n_replicates: int, seed: int) -> Floats:
    """A Poisson(1) weight for each user x replicate.

    It depends on the user's hash, the replicate's number and the seed, on nothing else: wherever
    and in whatever order the users are met, the weights are the same, with no state to be kept.

    Args:
        user_hashes: 64 bits that tell users apart.
        n_replicates: at least 1.
        seed: another seed, other weights.

    Returns:
        Users x replicates. Drawn by 16 bits each: probabilities are right within 1 in 100,000, and
        no weight exceeds 8.

    Example:
        >>> users = np.arange(10_000)
        >>> weights = poisson_weights(users, n_replicates=4, seed=1)
        >>> weights.shape, bool(abs(weights.mean() - 1) < 0.02), bool(abs(weights.var() - 1) < 0.02)
        ((10000, 4), True, True)
        >>> bool((weights[7:9] == poisson_weights(users[7:9], n_replicates=4, seed=1)).all())
        True
    """
    with np.errstate(over="ignore"):  # it counts modulo 2^64
        start = _mixed(np.array([seed], np.int64).astype(np.uint64) * _STEP + _STEP)
        streams = _mixed(user_hashes.astype(np.uint64) ^ start)
        places = np.arange(1, -(-n_replicates // _DRAWS) + 1, dtype=np.uint64) * _STEP
        draws = _mixed(streams[:, None] + places[None, :])
    return _quantiles()[draws.view(np.uint16)[:, :n_replicates]]


def _mixed(values: Hashes) -> Hashes:
    """Each value's bits, thoroughly mixed."""
    values = values ^ (values >> _SHIFTS[0])
    values *= _FACTORS[0]
    values ^= values >> _SHIFTS[1]
    values *= _FACTORS[1]
    values ^= values >> _SHIFTS[2]
    return values


@cache
def _quantiles() -> Floats:
    """The Poisson(1) quantiles of 2^16 probabilities, each the middle of its interval."""
    return np.asarray(poisson.ppf((np.arange(2**16) + 0.5) / 2**16, 1.0), np.float64)
