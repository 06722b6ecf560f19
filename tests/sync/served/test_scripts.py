"""The scripts of the simulation through the real libraries: devices in Node, against the served service.

`make test` runs the seeds 0 to 3 with WatermelonDB and 2 with RxDB, `make prove` 10 of each. The other
scripts run with one seed each. Only the recovery is left out: it changes the tables behind the service.
"""

from collections.abc import Iterator

import pytest

from tests import crash
from tests.e2e.serving import Served
from tests.sync.served.company import founded
from tests.sync.served.real_device import RealDevice, RxdbDevice
from tests.sync.simulation.invariants import violated
from tests.sync.simulation.scripts import Script, change_of_schema, contention, numbering, old_apps, plain, revocation
from tests.sync.simulation.world import Simulation

SEEDS = {RealDevice: 10, RxdbDevice: 10} if crash.every_call else {RealDevice: 4, RxdbDevice: 2}
RUNS = [pytest.param(kind, seed, id=f"{kind.LIBRARY}-{seed}") for kind, seeds in SEEDS.items() for seed in range(seeds)]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with a second version of the schema."""
    with Served.running(tmp_path_factory.mktemp("newer"), "tests.sync.served.newer_service") as service:
        yield service


def agree(service: Served, script: Script, kind: type[RealDevice], seed: int) -> None:
    """Run a script with two devices, and check what must hold."""
    simulation = Simulation(seed, founded(service), kind, count=2)
    try:
        script(simulation)
        simulation.settle()
        assert violated(simulation) == {}, simulation.trace
    finally:
        for device in simulation.devices:
            device.stop()


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), RUNS)
def test_real_devices_agree_with_the_server_after_all_that_goes_wrong(
    live: Served, kind: type[RealDevice], seed: int
) -> None:
    agree(live, revocation if seed % 2 else plain, kind, seed)


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("script", [contention, numbering], ids=lambda script: script.__name__)
@pytest.mark.parametrize("kind", SEEDS, ids=lambda kind: kind.LIBRARY)
def test_real_devices_agree_in_every_other_script(live: Served, kind: type[RealDevice], script: Script) -> None:
    agree(live, script, kind, 0)


@pytest.mark.proof
@pytest.mark.slow
@pytest.mark.parametrize("script", [change_of_schema, old_apps], ids=lambda script: script.__name__)
@pytest.mark.parametrize("kind", SEEDS, ids=lambda kind: kind.LIBRARY)
def test_real_devices_follow_a_newer_schema(newer: Served, kind: type[RealDevice], script: Script) -> None:
    agree(newer, script, kind, 1)
