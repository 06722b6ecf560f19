"""A world on the real engine with tables of its own, without the application in front of it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from local.engine import Engine
from tests.histories import company as companies


@pytest.fixture(scope="session")
def bare_world(engine: Engine) -> Iterator[World]:
    """Shared by all tests of a process: a test isolates itself by a company of its own."""
    made = World(companies.settings(engine.endpoint, f"bare-{uuid4().hex[:8]}-"))
    create_tables(made.settings)
    yield made
    made.store.connection.client.close()
