"""Seeded runs of devices that work offline, and what must hold when they have settled.

`make test` runs 30 seeds, `make prove` 500.
"""

from collections.abc import Callable

import pytest

from tests import crash
from tests.conftest import Shop
from tests.sync import newer_schema
from tests.sync.simulation.invariants import violated
from tests.sync.simulation.scripts import SCRIPTS, change_of_schema, numbering, old_apps
from tests.sync.simulation.world import Company, Simulation

SEEDS = 500 if crash.every_call else 30
TOGETHER = 5


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_devices_agree_with_the_server_after_all_that_goes_wrong(new_shop: Callable[..., Shop], first: int) -> None:
    for seed in range(first, first + TOGETHER):
        simulation = Simulation(seed, Company.of(new_shop()))
        SCRIPTS[seed % len(SCRIPTS)](simulation)
        simulation.settle()
        assert violated(simulation) == {}, (seed, simulation.trace)
    assert first < SEEDS


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS // 5))
def test_devices_of_two_schemas_agree_with_the_server(
    new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    newer_schema.publish(monkeypatch)
    simulation = Simulation(seed, Company.of(new_shop()))
    simulation.retire = lambda: newer_schema.stop_answering_the_first(monkeypatch)
    (old_apps if seed % 3 == 2 else change_of_schema)(simulation)
    simulation.settle()
    assert violated(simulation) == {}, (seed, simulation.trace)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_numbers_follow_the_order_of_requests(new_shop: Callable[..., Shop], seed: int) -> None:
    simulation = Simulation(seed, Company.of(new_shop()))
    numbering(simulation)
    simulation.settle()
    assert violated(simulation) == {}, (seed, simulation.trace)
