"""One live service for all the tests of a process that leave it running."""

from collections.abc import Iterator

import pytest

from tests.e2e.serving import Served


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real application, started as `make serve` starts it."""
    with Served.running(tmp_path_factory.mktemp("live")) as service:
        yield service
