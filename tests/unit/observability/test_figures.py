"""Business figures: each commit is counted once, by a name of the catalogue, under no company's or person's name."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.figures import BUSINESS, BY_JOB, FAULTS, FIGURES, RUNS
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run_scheduled
from chalicelib.services.documents import issuing
from chalicelib.wiring import World
from tests.conftest import Shop
from tests.faults import Faults, scripted
from tests.histories import company as companies
from tests.unit.observability.published import Published


@pytest.fixture
def published(world: World, monkeypatch: pytest.MonkeyPatch) -> Published:
    """The application's world, publishing into a stream of this test."""
    made = Published(world)
    monkeypatch.setattr(world, "telemetry", made.telemetry)
    return made


def test_the_line_of_an_issue(published: Published, shop: Shop) -> None:
    issued = shop.issued()
    (line,) = published.lines
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Facture",
        "Dimensions": [["stage", "service"]],
        "Metrics": [{"Name": "InvoicesIssued", "Unit": "Count"}],
    }
    assert (line["stage"], line["service"], line["InvoicesIssued"]) == ("test", "facture", [1.0])
    assert shop.company not in json.dumps(line)
    assert issued["id"] not in json.dumps(line)


def test_the_line_of_a_job_run(published: Published, shop: Shop) -> None:
    shop.issued()
    run_scheduled(shop.world, "outbox")
    line = published.lines[-1]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["stage", "job", "service"]]
    assert line["job"] == "outbox"
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units["RunSeconds"] == units["OldestSeconds"] == "Seconds"
    assert units["Run"] == units["Applied"] == "Count"
    assert line["Run"] == [1.0]
    assert line["Applied"] >= [1.0]


def test_a_run_that_found_nothing_is_billed_for_two_figures() -> None:
    report = Report("outbox", datetime.now(UTC), dry_run=False, seconds=0.1)
    assert report.figures() == {"Run": 1, "RunSeconds": 0.1}


def test_each_document_and_payment_is_counted_once(published: Published, shop: Shop) -> None:
    invoice = shop.issued()
    ids = [shop.draft()["id"] for _ in range(2)]
    for _ in range(2):  # the second is a replay, and issues nothing
        bulk = shop.owner.post("/v1/invoices/issue", {"ids": ids}, idempotency_key="the same")
        assert bulk.status == 200, bulk.text
    paid = {"amount": "100.00", "method": "transfer", "date": invoice["issue_date"]}
    assert shop.owner.post(f"/v1/invoices/{invoice['id']}/payments", paid).status == 201
    assert shop.owner.post(f"/v1/invoices/{ids[0]}/credit", {}).status == 201
    assert published.counts == {"InvoicesIssued": 3, "PaymentsRecorded": 1, "CreditNotesIssued": 1}


def test_a_bulk_job_counts_its_documents(published: Published, shop: Shop) -> None:
    run_scheduled(shop.world, "bulk")  # what other tests left due is not counted here
    before = published.counts.get("InvoicesIssued", 0)
    ids = [shop.draft()["id"] for _ in range(31)]
    assert shop.owner.post("/v1/invoices/issue", {"ids": ids}).status == 202
    run_scheduled(shop.world, "bulk")
    assert published.counts["InvoicesIssued"] - before == 31


def test_specimens_do_not_count(published: Published, new_shop: Callable[..., Shop]) -> None:
    new_shop(mode="test").issued()
    assert published.counts == {}


@pytest.mark.parametrize("fault", ["answer_lost", "reset"])
def test_a_commit_whose_answer_was_lost_counts_once(published: Published, world: World, fault: str) -> None:
    company = companies.founded(world, f"counted {fault}")
    (id,) = companies.drafts(world, company, ["draft"])
    with Faults(world.store, scripted({("TransactWriteItems", 0): fault})) as faults:
        issuing.issue(world.store, companies.call(world, company, "issue", "issue"), INVOICE, id)
    assert faults.met
    assert published.counts == {"InvoicesIssued": 1}


@pytest.mark.parametrize(
    ("figure", "job", "why"),
    [
        ("InvoicesIssuedByAtlas", None, "not in"),
        ("Run", "cmp_01KAV3X5N6B7QZ8M9R0T1V2W3X", "no job's name"),
        ("Run", "outbox7", "no job's name"),
        ("Run", None, "with or without"),
        ("DrillFailed", "drill", "with or without"),
    ],
)
def test_no_other_name_and_no_label_that_tells_companies_apart(
    published: Published, figure: str, job: str | None, why: str
) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        published.telemetry.figures({figure: 1}, job=job)
    assert "cmp_01" not in str(refused.value)
    assert published.lines == []


def test_a_stray_figure_is_refused_where_nothing_is_published_too(world: World) -> None:
    with pytest.raises(ValueError, match="Strange"):
        world.telemetry.figures({"Strange": 1})


def test_the_catalogue_is_whole() -> None:
    assert len(FIGURES) == len(BUSINESS) + len(RUNS) + len(FAULTS)
    assert {*RUNS} < BY_JOB < {*FIGURES}
    full = Report(
        "x",
        datetime.now(UTC),
        dry_run=False,
        outcome="asks",
        found=1,
        planned=1,
        applied=1,
        held=1,
        late=1,
        oldest_seconds=1.0,
        seconds=1.0,
    )
    unfinished = replace(full, outcome="continues")
    failed = replace(full, failures=[SimpleNamespace(dead=True)])  # type: ignore[list-item]
    assert {*full.figures(), *unfinished.figures(), *failed.figures()} == RUNS.keys()


def test_lines_logged_in_a_request_have_its_id(
    published: Published, shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: Any) -> Any:
        logging.getLogger("facture-figures.below").warning("on the way")
        raise RuntimeError("Madame Secret")

    draft = shop.draft()
    monkeypatch.setattr(issuing, "issue", failing)
    answer = shop.owner.post(f"/v1/invoices/{draft['id']}/issue")
    assert answer.status == 500
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "on the way" in line]
    assert line["request_id"] == answer.headers["request-id"]
    assert line["verb"] == "post_invoices_id_issue"
    assert published.counts == {"Unhandled": 1}
