"""One live service for the tests of the clients, and devices that end with their test."""

from collections.abc import Callable, Iterator

import pytest

from tests.client import Client
from tests.e2e.serving import Served
from tests.sync.served import company
from tests.sync.served.real_device import RealDevice
from tests.sync.simulation.facts import Facts
from tests.sync.simulation.network import Network
from tests.sync.simulation.world import Company, download

NewDevice = Callable[..., RealDevice]


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real application, started as `make serve` starts it."""
    with Served.running(tmp_path_factory.mktemp("live")) as service:
        yield service


@pytest.fixture
def founded(live: Served) -> Company:
    """A new company with one customer, whose synchronisation is on."""
    return company.founded(live)


@pytest.fixture
def new_device(founded: Company) -> Iterator[NewDevice]:
    """Makes devices of the company's owner, or of another member."""
    made: list[RealDevice] = []
    facts = Facts()

    def make(client: Client | None = None, kind: type[RealDevice] = RealDevice) -> RealDevice:
        published = founded.owner.get("/v1/sync/schema").json
        id = company.new_id("dev")
        made.append(kind(id, Network(client or founded.owner, facts.delivered), published, download))
        return made[-1]

    yield make
    for device in made:
        device.stop()
