"""Sixteen writers in four processes on one company, then a single one: on any engine, what each was told is true."""

import pytest

from chalicelib.wiring import World
from tests.histories.checker import check
from tests.histories.run import Shape, run

SHAPES = {
    "sixteen writers": Shape(driver="services", processes=4, workers=16, tasks=4, faults=0, seed=16),
    "one writer": Shape(driver="services", workers=1, tasks=24, twice=0, faults=0, seed=1),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_acknowledged_writes_are_stored(bare_world: World, shape: Shape) -> None:
    ran = run(bare_world, shape)
    assert check(bare_world, ran, shape.driver) == []
    assert {event.outcome for event in ran.events} == {"answered"}
