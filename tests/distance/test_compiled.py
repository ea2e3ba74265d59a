"""The compiled sifter against a sort."""

import numpy as np
import pytest

from cxspark.distance import sift


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 200])
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_the_greatest_are_those_of_a_sort_the_first_met_before_its_equals(
    size: int, real: type
) -> None:
    rng = np.random.default_rng(size)
    line = rng.integers(0, 12, size).astype(real)
    line[rng.random(size) < 0.1] = np.nan
    values, columns = np.full(9, 2, real), np.full(9, -1, np.int32)
    sift(line, 1000, values, columns)
    entering = np.flatnonzero(line > 2)
    best = entering[np.argsort(-line[entering], kind="stable")][:9]
    none = 9 - best.size
    assert columns.tolist() == [*(best + 1000), *[-1] * none]
    assert values.tolist() == [*line[best], *[2] * none]
