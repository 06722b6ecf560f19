"""The cost of each verb in DynamoDB: round trips and capacity units, counted exactly, so that no rise is unnoticed.

Without authentication, which is one round trip more (the head and the membership). The figures are in
infra/counts.toml, from which docs/cost.md is computed. The units are those that the embedded engine reports for an
invoice of three lines, indexes included; it counts each item of a transactional read as 4 KB at most. The units of a
list are computed from the bytes of its rows. DynamoDB Local rounds a transaction up table by table and not item by
item, so there only the round trips are compared.
"""

from collections.abc import Callable, Mapping

import pytest

from chalicelib.domain.clock import today
from chalicelib.domain.ids import derived_id
from chalicelib.settings import PLACES
from chalicelib.wiring import World
from infra.cost_inputs import COUNTS
from tests.bench.pipeline import INVOICE, INVOICES, ISSUE, Pipeline, member_of, new_invoice
from tests.bench.traffic import Traffic
from tests.histories import company as companies

Verb = Callable[[Pipeline], object]
PAGE = 20
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
    return pipeline.ask("GET", INVOICES, LIMIT=str(PAGE))


def pay(pipeline: Pipeline) -> object:
    day = today(pipeline.world.now()).isoformat()
    body = {"amount": "100.00", "method": "transfer", "date": day}
    return pipeline.ask("POST", PAYMENTS, body, id=name(pipeline, "issued"))


def credit(pipeline: Pipeline) -> object:
    return pipeline.ask("POST", CREDIT, {}, id=name(pipeline, "issued"))


VERBS: tuple[Verb, ...] = (read, listed, create, issue, pay, credit)


@pytest.fixture
def pipeline(bare_world: World, request: pytest.FixtureRequest) -> Pipeline:
    """A company with more drafts and more issued invoices than one page of a list has."""
    company = companies.founded(bare_world, request.node.nodeid)
    made = Pipeline(bare_world, company)
    invoices = ["issued", *(f"invoice {n}" for n in range(PAGE))]
    companies.drafts(bare_world, company, ["draft", *(f"draft {n}" for n in range(PAGE)), *invoices], line_count=3)
    with made.unguarded():
        for invoice in invoices:
            made.ask("POST", ISSUE, {}, id=name(made, invoice))
    return made


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_a_verb_has_its_known_cost(pipeline: Pipeline, verb: Verb, other_engines: Mapping[str, str]) -> None:
    with pipeline.unguarded(), Traffic(pipeline.world.store) as traffic:
        verb(pipeline)
    known = COUNTS["flows"][verb.__name__]
    assert traffic.total == known["calls"]
    if PLACES["dynamodb"] not in other_engines:
        assert (traffic.read, traffic.write) == (known["read"], known["write"])


def test_cash_costs_one_query_and_one_key_of_an_index_more(
    pipeline: Pipeline, other_engines: Mapping[str, str]
) -> None:
    """One query gives the sums of the day and the month, however much the customer paid before (ADR 0089)."""
    body = {"amount": "10.00", "method": "cash", "date": today(pipeline.world.now()).isoformat()}
    known = COUNTS["flows"]["pay"]
    for _ in range(3):
        with pipeline.unguarded(), Traffic(pipeline.world.store) as traffic:
            pipeline.ask("POST", PAYMENTS, body, id=name(pipeline, "issued"))
        assert traffic.total == known["calls"] + 1
        if PLACES["dynamodb"] not in other_engines:
            assert traffic.write == known["write"] + 1


def test_authentication_is_one_round_trip_more(pipeline: Pipeline) -> None:
    member_of(pipeline.world, pipeline.company)
    with Traffic(pipeline.world.store) as traffic:
        read(pipeline)
    assert traffic.total == COUNTS["flows"]["read"]["calls"] + 1
