"""A company that is used as people use it, its particulars a canary wherever one may be typed: none is ever logged, and
after the account's deletion none is left outside the books that the law keeps."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.api.endpoint import PUBLIC, Endpoint
from chalicelib.files import prefixes
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.records import parties
from tests.api.samples import Sample, sample, send
from tests.client import Client
from tests.conftest import Shop
from tests.mailbox import mails, open_mailbox
from tests.privacy.canaries import scanned, unpacked, versions
from tests.privacy.test_canaries import blocked_prefixes, captured

TYPED = frozenset(
    {
        "name",
        "legal_form",
        "street",
        "city",
        "postal_code",
        "notes",
        "description",
        "reference",
        "text",
        "subject",
        "unit",
        "user",
        "reason",
        "cnss",
        "buyer_reference",
        "order_reference",
        "shelf",
        "name_ar",
        "bank_name",
    }
)
"""Fields that hold whatever somebody types."""
APART = ("/v1/privacy/requests", "/v1/companies", "/v1/jobs")
"""Asked below; another company's; thirty-one drafts of the same."""
KEPT = {
    "transient/sign_in",  # the account of the person, until the job signins deletes it
    "ledger/invoice",
    "ledger/credit_note",
    "ledger/archived_invoice",
    "ledger/payment",
    "ledger/credit_entry",
    "ledger/refund",
}
"""Where the law keeps what was typed: the content of issued documents, and the references of payments, advances and
refunds."""


def marked(body: Any, mark: str, name: str = "") -> Any:
    """A request's body with the mark wherever a person may type."""
    if isinstance(body, dict):
        return {key: marked(part, mark, key) for key, part in body.items()}
    if isinstance(body, list):
        return [marked(part, mark, name) for part in body]
    if name == "email":
        return f"{mark}@shop.example"
    return (
        f"{mark} {body}" if name in TYPED and isinstance(body, str) and not body.startswith(("cus_", "sup_")) else body
    )


def spoilt(client: Client, endpoint: Endpoint, asked: Sample, mark: str) -> None:
    """Send invalid requests, with the mark in each part. Each must be refused, and none may fail otherwise."""
    again: dict[str, Any] = {"idempotency_key": f"{mark}-again"} if endpoint.method != "GET" else {}
    extra = (asked.body or {}) | {mark: mark}
    got = [
        client.ask(endpoint.method, asked.path, extra, **again),
        client.ask(endpoint.method, asked.path, raw=f'{{"{mark}"'.encode(), **again),
        client.ask(endpoint.method, f"{asked.path}/{mark}", asked.body, **again),
        client.ask(endpoint.method, asked.path, asked.body, query={mark: mark}, **again),
        client.ask(endpoint.method, asked.path, asked.body, **(again | {"company": mark, "if_match": mark})),
    ]
    assert all(answer.status < 500 for answer in got), [answer.text for answer in got]


@pytest.fixture
def logs(world: Any) -> Iterator[StringIO]:
    """All that is logged meanwhile."""
    with captured(world) as written:
        yield written


def test_no_request_and_no_job_logs_typed_text_and_a_deletion_leaves_it_in_the_books_alone(
    shop: Shop, logs: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, mark = shop.world, f"Typed{shop.world.random(5).hex()}"
    open_mailbox(world)
    for endpoint in ENDPOINTS:
        if endpoint.scope == PUBLIC or endpoint.path.startswith(APART):
            continue
        asked = sample(endpoint, shop)
        filled = Sample(asked.path, marked(asked.body, mark), asked.query)
        send(shop.owner, endpoint, filled)
        spoilt(shop.owner, endpoint, filled, mark)
    _books(shop, mark)
    _fault(shop, mark, monkeypatch)
    stands = _stands(world, mark)
    assert {"workspace", "ledger", "identity", "transient"} <= {place.partition("/")[0] for place in stands}
    id = str(shop.owner.post("/v1/privacy/requests", {"kind": "access"}).json["id"])
    assert shop.owner.post(f"/v1/privacy/requests/{id}/confirm", {}).status == 200
    _work(world)
    assert any(place.startswith(f"files/{prefixes.EXPORTS}") for place in _stands(world, mark)), "it is in the export"
    _delete(shop)
    _work(world, minutes=11)
    assert set(_stands(world, mark)) <= KEPT
    assert set(_stands(world, mark)) & KEPT
    lasting = tuple(f"files/{path}" for path in blocked_prefixes())
    assert not [place for place, _ in versions(world) if shop.company in place and not place.startswith(lasting)]
    assert "job run" in logs.getvalue()
    assert "unhandled" in logs.getvalue()
    assert mark not in logs.getvalue()
    assert not [mail for mail in mails(world) if mark in mail.subject + mail.text]


def _books(shop: Shop, mark: str) -> None:
    """An issued invoice, its payment and its credit note, and a page of each, all about the mark."""
    customer = shop.owner.post("/v1/customers", {"name": f"{mark} SARL", "kind": "consumer"}).json["id"]
    line = {"description": f"{mark} avis", "quantity": "1", "unit_price": "100.00", "vat_rate": "20"}
    invoice = shop.issued(customer=customer, lines=[line], notes=mark)["id"]
    paid = {
        "amount": "10.00",
        "method": "transfer",
        "date": shop.owner.get(f"/v1/invoices/{invoice}").json["issue_date"],
    }
    assert shop.owner.post(f"/v1/invoices/{invoice}/payments", paid | {"reference": mark}).status == 201
    assert shop.owner.post(f"/v1/invoices/{invoice}/credit", {"reason": mark}).status == 201
    assert shop.owner.get(f"/v1/invoices/{invoice}/pdf").status == 303


def _fault(shop: Shop, mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect whose message quotes what was typed."""
    with monkeypatch.context() as patch:
        patch.setattr(parties, "CUSTOMERS", None)
        patch.setattr("chalicelib.api.serve._context", _broken)
        assert shop.owner.post("/v1/customers", {"name": mark, "kind": "consumer"}).status == 500


def _broken(world: Any, endpoint: Any, request: Any, *rest: Any) -> Any:
    raise ValueError(f"cannot read {json.dumps(request.json_body)}")


def _work(world: Any, **later: float) -> None:
    now = world.now() + timedelta(**later)
    for job in JOBS:
        run(world, job, now=now, left=within(120))


def _delete(shop: Shop) -> None:
    """The account, without its grace."""
    id = str(shop.owner.post("/v1/privacy/requests", {"kind": "deletion"}).json["id"])
    confirmed = shop.owner.post(f"/v1/privacy/requests/{id}/confirm", {"waive_grace": True})
    assert confirmed.status == 200, confirmed.text
    _work(shop.world)


def _stands(world: Any, mark: str) -> dict[str, int]:
    """The positions of the mark, and their number."""
    places: dict[str, int] = {}
    for place, content in scanned(world):
        if any(mark.encode() in part for part in unpacked(content)):
            places[place] = places.get(place, 0) + 1
    return places
