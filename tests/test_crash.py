"""The sample of the moments at which `make test` kills."""

from itertools import pairwise

import pytest

from tests.crash import SAMPLE, When, sample


def moments(count: int) -> list[tuple[int, When]]:
    """One before everything, the others after a write."""
    return [(0, "before"), *((at, "after") for at in range(1, count))]


@pytest.mark.parametrize("count", [1, 2, SAMPLE - 1, SAMPLE])
def test_few_moments_are_all_taken(count: int) -> None:
    assert sample(moments(count)) == moments(count)


@pytest.mark.parametrize("count", [SAMPLE + 1, 40, 333])
def test_some_of_many_moments_are_chosen_evenly(count: int) -> None:
    found = sample(moments(count))
    assert len(found) == SAMPLE
    assert (found[0], found[-1]) == (moments(count)[0], moments(count)[-1])
    steps = [later[0] - earlier[0] for earlier, later in pairwise(found)]
    assert max(steps) - min(steps) <= 1
