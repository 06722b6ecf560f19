"""Work that the tests of one module leave due. The jobs of the next module would do it: a job sees all companies."""

from typing import TYPE_CHECKING

import pytest

from tests.tiers import UNIT

if TYPE_CHECKING:
    from chalicelib.wiring import World

shared: list["World"] = []
"""The worlds that several modules use."""
BATCH = 25


@pytest.fixture(scope="module", autouse=True)
def no_work_of_other_modules(request: pytest.FixtureRequest) -> None:
    """Delete the rows that are due. Their companies belong to tests that have ended. Unit tests run no job."""
    if not request.node.nodeid.startswith(UNIT):
        for world in shared:
            delete_due(world)


def delete_due(world: "World") -> None:
    """Delete every row that is due for a job."""
    from chalicelib.store.tables import TABLES

    client = world.store.connection.client
    for table in (world.store.names[each.name] for each in TABLES if "due" in {index.name for index in each.indexes}):
        pages = client.get_paginator("scan").paginate(
            TableName=table, IndexName="due", ProjectionExpression="company, sort"
        )
        requests = [{"DeleteRequest": {"Key": key}} for page in pages for key in page["Items"]]
        for start in range(0, len(requests), BATCH):
            client.batch_write_item(RequestItems={table: requests[start : start + BATCH]})
