"""A world for the tests of jobs: tables that nobody else has, emptied before each test, since a job sees all rows."""

import secrets

import pytest

from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from local.engine import Engine
from tests.jobs.worlds import settings

BATCH = 25


@pytest.fixture(scope="session")
def shared_world(engine: Engine) -> World:
    """Tables cost a second to create; one set serves the session."""
    made = World(settings(engine.endpoint, f"jobs-{secrets.token_hex(4)}"))
    create_tables(made.settings)
    return made


@pytest.fixture
def world(shared_world: World) -> World:
    """The session's world, with empty tables."""
    for name in shared_world.store.names.values():
        empty(shared_world, name)
    return shared_world


def empty(world: World, table: str) -> None:
    """Take every row out of a table."""
    client = world.store.connection.client
    keys = client.scan(TableName=table, ProjectionExpression="company, sort", ConsistentRead=True)["Items"]
    for start in range(0, len(keys), BATCH):
        requests = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + BATCH]]
        client.batch_write_item(RequestItems={table: requests})
