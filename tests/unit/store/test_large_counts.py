"""Counts at 100,000 documents and 10,000 customers: the rows that lists read."""

import pytest

from chalicelib.domain.ids import derived_id
from chalicelib.wiring import World
from tests.bench.pipeline import INVOICES, Pipeline
from tests.bench.traffic import Traffic
from tests.histories import company as companies
from tests.large import customers, invoices, put

DOCUMENTS, BUYERS = 100_000, 10_000


@pytest.mark.proof
def test_lists_read_three_rows_for_each_document_among_a_hundred_thousand(
    bare_world: World, request: pytest.FixtureRequest
) -> None:
    """A hundredth of them without `--every-call`."""
    share = 1 if request.config.getoption("--every-call") else 100
    company, today = companies.founded(bare_world, "large"), bare_world.now().date()
    buyers = list(customers(company, BUYERS // share))
    put(bare_world, buyers)
    put(bare_world, invoices(company, [buyer.id for buyer in buyers], DOCUMENTS // share, today))
    pipeline = Pipeline(bare_world, company)
    queries: list[tuple[dict[str, str], int]] = [
        ({"NUMBER": f"FA-{today.year}-00043"}, 1),
        ({"CUSTOMER": buyers[43].id}, 10),
        ({"CUSTOMER": derived_id("cus", "nobody")}, 0),
        ({"OVERDUE": "true", "LIMIT": "100"}, 100),
        ({"OPEN": "true", "LIMIT": "100"}, 100),
        ({"ISSUED_FROM": str(today), "LIMIT": "100"}, 100),
    ]
    for query, expected in queries:
        with pipeline.unguarded(), Traffic(bare_world.store) as traffic:
            got = pipeline.ask("GET", INVOICES, **query)
        assert len(got["data"]) == expected
        assert traffic.rows <= 3 * expected + 1, query
        assert got["data"] or not got["has_more"]
