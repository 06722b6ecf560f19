"""What each verb costs at DynamoDB: round trips and capacity units, counted exactly, so that none grows unnoticed.

Without authentication, which is one round trip more (the head and the membership). The units are those that the engine
reports for an invoice of three lines, indexes included; it counts each item of a transactional read as 4 KB at most.
"""

from collections.abc import Callable

import pytest

from chalicelib.domain.ids import derived_id
from chalicelib.wiring import World
from tests.bench.pipeline import INVOICE, INVOICES, ISSUE, Pipeline, member_of, new_invoice
from tests.bench.traffic import Traffic
from tests.histories import company as companies

Verb = Callable[[Pipeline], object]
PAYMENTS, CREDIT = "/v1/invoices/{id}/payments", "/v1/invoices/{id}/credit"


def name(pipeline: Pipeline, what: str) -> str:
    return derived_id("inv", pipeline.company, what)


def create(pipeline: Pipeline) -> object:
    return pipeline.ask("POST", INVOICES, new_invoice(pipeline.company) | {"id": name(pipeline, "created")})


def issue(pipeline: Pipeline) -> object:
    return pipeline.ask("POST", ISSUE, {}, id=name(pipeline, "draft"))


def read(pipeline: Pipeline) -> object:
    return pipeline.ask("GET", INVOICE, id=name(pipeline, "issued"))


def listed(pipeline: Pipeline) -> object:
    return pipeline.ask("GET", INVOICES, LIMIT="20")


def pay(pipeline: Pipeline) -> object:
    body = {"amount": "100.00", "method": "transfer", "date": "2026-01-02"}
    return pipeline.ask("POST", PAYMENTS, body, id=name(pipeline, "issued"))


def credit(pipeline: Pipeline) -> object:
    return pipeline.ask("POST", CREDIT, {}, id=name(pipeline, "issued"))


COSTS: dict[Verb, tuple[int, float, float]] = {
    read: (1, 6, 0), listed: (2, 2, 0), create: (2, 12, 10), issue: (3, 20, 21), pay: (2, 10, 12), credit: (3, 26, 21),
}  # fmt: skip
"""Verb → calls (one after another, but for the two queries of a list), read units, write units."""


@pytest.fixture
def pipeline(bare_world: World, request: pytest.FixtureRequest) -> Pipeline:
    """A company with 30 drafts and one issued invoice."""
    company = companies.founded(bare_world, request.node.nodeid)
    made = Pipeline(bare_world, company)
    companies.drafts(bare_world, company, ["draft", "issued", *map(str, range(30))], line_count=3)
    with made.unguarded():
        made.ask("POST", ISSUE, {}, id=name(made, "issued"))
    return made


@pytest.mark.parametrize("verb", COSTS, ids=lambda verb: verb.__name__)
def test_a_verb_costs_what_it_is_known_to_cost(pipeline: Pipeline, verb: Verb) -> None:
    with pipeline.unguarded(), Traffic(pipeline.world.store) as traffic:
        verb(pipeline)
    assert (traffic.total, traffic.read, traffic.write) == COSTS[verb]


def test_authentication_is_one_round_trip_more(pipeline: Pipeline) -> None:
    member_of(pipeline.world, pipeline.company)
    with Traffic(pipeline.world.store) as traffic:
        read(pipeline)
    assert traffic.total == COSTS[read][0] + 1
