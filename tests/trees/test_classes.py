import pytest

from cxspark.contracts.errors import ContractError
from cxspark.trees.classes import require_parts

SIZES = {("train", "no"): 9, ("train", "yes"): 3, ("validation", "no"): 2, ("test", "no"): 4}


def test_a_part_without_one_of_two_classes_is_refused() -> None:
    with pytest.raises(ContractError, match="none to validation of yes, test of yes in 18"):
        require_parts(SIZES, label="bought")
    require_parts({**SIZES, ("validation", "yes"): 1, ("test", "yes"): 1}, label="bought")


def test_a_rare_one_of_three_classes_may_lack_but_no_whole_part() -> None:
    require_parts({**SIZES, ("train", "maybe"): 1}, label="bought")
    untested = {("train", "maybe"): 1, **SIZES}
    del untested["test", "no"]
    with pytest.raises(ContractError, match="none to test in 15"):
        require_parts(untested, label="bought")
