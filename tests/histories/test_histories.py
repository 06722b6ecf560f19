"""Many workers write to one company while the wire fails: what they were told is true, and nothing else happened."""

import pytest

from chalicelib.wiring import World
from tests.faults import AFTER, SOFT
from tests.histories.checker import check
from tests.histories.run import Shape, run

SHAPES = {
    "toy, answers lost": Shape(faults=0.3, struck_by=AFTER, seed=3),
    "services, every fault": Shape(driver="services", seed=4),
    "services, answers lost": Shape(driver="services", faults=0.3, struck_by=AFTER, seed=5, workers=6, tasks=6),
    "services, two processes of four threads": Shape(driver="services", processes=2, workers=8, tasks=5, seed=6),
    "services, sixteen writers": Shape(driver="services", workers=16, tasks=4, seed=9),
    "services, nothing fails": Shape(driver="services", faults=0, seed=7, workers=12, tasks=4),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_acknowledged_writes_are_stored(bare_world: World, shape: Shape) -> None:
    ran = run(bare_world, shape)
    assert check(bare_world, ran, shape.driver) == []
    assert bool(ran.met) == bool(shape.faults), "the wire did not fail as planned"


def test_every_soft_fault_strikes_somewhere(bare_world: World) -> None:
    """A fault that no history meets would prove nothing."""
    ran = run(bare_world, Shape(faults=0.6, workers=10, tasks=6, seed=8))
    assert set(SOFT) <= set(ran.met)
    assert check(bare_world, ran, "toy") == []
