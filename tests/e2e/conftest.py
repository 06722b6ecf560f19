"""One live service for all the tests of a process that leave it running."""

from collections.abc import Iterator

import pytest

from tests.e2e.serving import Served


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real application, started as `make serve` starts it; at the end it must have nothing to complain of."""
    running = Served.start(tmp_path_factory.mktemp("live"))
    yield running
    assert running.stop() == 0
    assert running.complaints == []
