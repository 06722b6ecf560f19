"""The service consumes the units behind docs/cost.md: every figure of infra/counts.toml, measured anew."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chalicelib.domain.clock import today
from chalicelib.domain.ids import derived_id
from chalicelib.jobs.catalogue import JOBS, named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run, run_scheduled
from chalicelib.store.tables import TABLES
from chalicelib.wiring import World
from infra.cost_inputs import COUNTS
from tests.bench.pipeline import INVOICE, INVOICES, ISSUE, Pipeline, member_of, new_invoice
from tests.histories import company as companies
from tests.infra.meter import Meter
from tests.item_bytes import size
from tests.unit.observability.published import Published

FLOWS = COUNTS["flows"]
MEASURED_ELSEWHERE = {"read", "listed", "create", "issue", "pay", "credit"}
"""By tests/unit/store/test_counts.py, but for what falls on the journal."""
NEAR = 0.05
PAYMENTS, CREDIT, PDF = (f"{INVOICE}/{part}" for part in ("payments", "credit", "pdf"))


@pytest.fixture
def pipeline(world: World, request: pytest.FixtureRequest) -> Pipeline:
    """A company with a draft and an issued invoice, and nothing left in the outbox of anybody."""
    company = companies.founded(world, request.node.nodeid)
    made = Pipeline(world, company)
    companies.drafts(world, company, ["draft", "issued"], line_count=3)
    with made.unguarded():
        made.ask("POST", ISSUE, {}, id=name(made, "issued"))
    run_scheduled(world, "outbox")
    return made


def name(pipeline: Pipeline, what: str) -> str:
    return derived_id("inv", pipeline.company, what)


def payment(pipeline: Pipeline) -> dict[str, str]:
    """A payment of today. An earlier one is an advance, which is one row more."""
    return {"amount": "100.00", "method": "transfer", "date": today(pipeline.world.now()).isoformat()}


def metered(pipeline: Pipeline, flow: Callable[[], object]) -> dict[str, float]:
    with Meter(pipeline.world) as meter:
        flow()
    return meter.counted


def test_every_flow_is_measured() -> None:
    assert {*FLOWS} == MEASURED_ELSEWHERE | {"pdf", "guard", "deliver", "idle", "idle_capped"}


def test_the_journal_units_of_writes(pipeline: Pipeline) -> None:
    body = new_invoice(pipeline.company) | {"id": name(pipeline, "created")}
    writes: dict[str, Callable[[], object]] = {
        "create": lambda: pipeline.ask("POST", INVOICES, body),
        "issue": lambda: pipeline.ask("POST", ISSUE, {}, id=name(pipeline, "draft")),
        "pay": lambda: pipeline.ask("POST", PAYMENTS, payment(pipeline), id=name(pipeline, "issued")),
        "credit": lambda: pipeline.ask("POST", CREDIT, {}, id=name(pipeline, "issued")),
    }
    with pipeline.unguarded():
        assert {verb: metered(pipeline, ask) for verb, ask in writes.items() if verb != "credit"} == {
            verb: FLOWS[verb] for verb in writes if verb != "credit"
        }
        credited = metered(pipeline, writes["credit"])
    assert (credited["journal"], credited["due"]) == (FLOWS["credit"]["journal"], FLOWS["credit"]["due"])


def test_a_page_that_is_kept(pipeline: Pipeline) -> None:
    request = pipeline.request("GET", PDF, id=name(pipeline, "issued"))
    with pipeline.unguarded():
        assert metered(pipeline, lambda: pipeline.send("GET", PDF, request)) == FLOWS["pdf"]


def test_the_cost_of_identifying_the_caller(pipeline: Pipeline) -> None:
    member_of(pipeline.world, pipeline.company)
    known = metered(pipeline, lambda: pipeline.ask("GET", INVOICE, id=name(pipeline, "issued")))
    assert {key: known[key] - FLOWS["read"][key] for key in known} == FLOWS["guard"]


def test_delivering_a_page(pipeline: Pipeline) -> None:
    with pipeline.unguarded():
        pipeline.ask("POST", ISSUE, {}, id=name(pipeline, "draft"))
    assert metered(pipeline, lambda: run_scheduled(pipeline.world, "outbox")) == FLOWS["deliver"]


@pytest.mark.parametrize("job", [job.name for job in JOBS])
def test_a_job_that_finds_nothing(pipeline: Pipeline, job: str) -> None:
    asked = named(job)
    before = datetime(2020, 1, 1, tzinfo=UTC)  # when nothing was due yet
    counted = metered(pipeline, lambda: run(pipeline.world, asked, now=before, left=within(50)))
    expected = FLOWS["idle" if asked.cap is None else "idle_capped"]
    assert counted["calls"] == expected["calls"]
    assert counted["write"] == 0
    assert counted["read"] <= expected["read"]


def test_bytes(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    world, company, id = pipeline.world, pipeline.company, name(pipeline, "created")
    published = Published(world)
    monkeypatch.setattr(world, "telemetry", published.telemetry)
    before = {table: stored(world, table, company) for table in ("ledger", "journal", "transient")}
    with pipeline.unguarded():
        pipeline.ask("POST", INVOICES, new_invoice(company) | {"id": id})
        answer = pipeline.ask("POST", ISSUE, {}, id=id)
        pipeline.ask("POST", PAYMENTS, payment(pipeline), id=id)
    grown = {table: stored(world, table, company) - before[table] for table in before}
    pages = set(world.files.list(f"pdf/{company}/"))
    run_scheduled(world, "outbox")
    (page,) = set(world.files.list(f"pdf/{company}/")) - pages
    measured = {
        "ledger": grown["ledger"],
        "journal": grown["journal"],
        "answers": grown["transient"],
        "page": len(world.files.read(page)),
        "answer": len(json.dumps(answer)),
        "figure": len(published.stream.getvalue().splitlines()[0]),
    }
    assert measured == {part: pytest.approx(COUNTS["bytes"][part], rel=NEAR) for part in COUNTS["bytes"]}


def stored(world: World, table: str, company: str) -> int:
    """Bytes of a company's rows in a table and of their entries in local indexes, but for its outbox, which empties."""
    client = world.store.connection.client
    asked = {"ExpressionAttributeValues": {":c": {"S": company}}, "KeyConditionExpression": "company = :c"}
    items = client.query(TableName=world.store.names[table], **asked)["Items"]
    kept = [item for item in items if not item["sort"]["S"].startswith("outbox#")]
    ranges = [index.range for definition in TABLES if definition.name == table for index in definition.local]
    entries = [
        {name: item[name] for name in ("company", "sort", key)} for item in kept for key in ranges if key in item
    ]
    return sum(map(size, [*kept, *entries]))
