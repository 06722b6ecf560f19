"""A customer who was erased on request: issued documents keep the merchant's accounts and show nobody any more."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.errors import CompanyBlocked
from chalicelib.domain.privacy.erased import MARK_BYTES, NAMES, is_erased, joined, marked
from chalicelib.jobs import requests as request_jobs
from chalicelib.jobs.job import within
from chalicelib.jobs.requests import requests_job
from chalicelib.jobs.runner import run
from chalicelib.services.documents import printing
from chalicelib.services.privacy.legal import demands, disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.store.read import open_company
from tests.bench.traffic import Traffic
from tests.client import Got
from tests.conftest import Shop

URL = "/v1/privacy/requests"
CANARY = "Zineb Effacable"
PERSON: dict[str, Any] = {
    "name": CANARY,
    "kind": "consumer",
    "email": "zineb@effacable.example",
    "phone": "+212612345678",
    "address": {"street": "7 rue Effacable", "city": "Effaville", "postal_code": "20999"},
    "language": "fr",
}
TRACES = (CANARY, "effacable.example", "612345678", "rue Effacable", "Effaville", "20999", "Cadeau pour Zineb")


def person(shop: Shop) -> str:
    """A customer who will be erased."""
    made = shop.owner.post("/v1/customers", PERSON)
    assert made.status == 201, made.text
    return str(made.json["id"])


def erased(shop: Shop, customer: str, *, carried: bool = False) -> str:
    """The customer erased on request; the request's id."""
    asked = shop.owner.post(URL, {"kind": "deletion", "subject": customer})
    confirmed = shop.owner.post(f"{URL}/{asked.json['id']}/confirm", {})
    assert (confirmed.status, confirmed.json["status"]) == (200, "verified"), confirmed.text
    if carried:
        carry(shop)
    return str(asked.json["id"])


def carry(shop: Shop) -> None:
    """Run what is due."""
    job = requests_job({"deletion": request_jobs.deletion, "access": request_jobs.access})
    run(shop.world, job, now=shop.world.now() + timedelta(seconds=1), left=within(60))


def nobody_in(got: Got, *ids: str) -> None:
    """Assert that an answer says nothing of the person."""
    assert got.status == 200, got.text
    for trace in (*TRACES, *ids):
        assert trace not in got.text, trace


Sold = tuple[Shop, str, dict[str, Any], dict[str, Any]]


@pytest.fixture
def sold(shop: Shop) -> Sold:
    """A shop with an invoice and a credit note issued to a person, who is erased; both as they were before."""
    customer = person(shop)
    invoice = shop.issued(customer=customer, notes="Cadeau pour Zineb")
    lines = [{"line": 1, "quantity": "1"}]
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {"lines": lines, "reason": "Cadeau pour Zineb"})
    assert note.status == 201, note.text
    before = shop.owner.get(f"/v1/invoices/{invoice['id']}").json
    assert before["buyer"]["name"] == CANARY
    erased(shop, customer)
    return shop, customer, before, note.json


def test_at_once_every_read_shows_the_accounts_and_nobody(
    sold: Sold,
) -> None:
    shop, customer, before, note = sold
    for path, was in ((f"/v1/invoices/{before['id']}", before), (f"/v1/credit-notes/{note['id']}", note)):
        got = shop.owner.get(path)
        nobody_in(got, customer)
        now = got.json
        assert now["buyer"] == {
            "name": NAMES["fr"],
            "kind": "consumer",
            "ice": None,
            "ice_missing_reason": None,
            "tax_id": None,
            "trade_register": None,
            "email": None,
            "phone": None,
            "erased": True,
            "address": {"street": None, "city": None, "postal_code": None, "country": "MA"},
        }
        assert set(now) == set(was), "the contract's shape"
        hidden = {"buyer", "customer", "notes", "reason"}
        assert {k: v for k, v in now.items() if k not in hidden} == {k: v for k, v in was.items() if k not in hidden}
        assert (now["customer"], now["notes"], now.get("reason")) == (None, None, None)
    own, both = {before["number"]}, {before["number"], note["number"]}
    for path, shown in (
        ("/v1/invoices", own),
        ("/v1/credit-notes", both),
        ("/v1/invoices?ending_before=inv_00000000000000000000000000", own),
        ("/v1/invoices?expand[]=customer", own),
        ("/v1/changes?after=0&limit=100", both),
        ("/v1/register", own),
        ("/v1/customers", set()),
        (f"/v1/invoices?status={before['status']}", own),
        (f"/v1/invoices/{before['id']}?expand[]=customer", own),
    ):
        got = shop.owner.get(path)
        nobody_in(got)
        assert {number for number in both if number in got.text} == shown, path


def test_nobody_is_found_by_the_erased_id(sold: Sold) -> None:
    shop, customer, _, _ = sold
    for path in ("/v1/invoices", "/v1/credit-notes"):
        assert shop.owner.get(path, query={"customer": customer}).json["data"] == []
    assert shop.owner.get(f"/v1/customers/{customer}").status == 404


@pytest.mark.parametrize("what", ["pdf", "ubl"])
def test_the_files_of_an_erased_persons_documents_are_blocked_and_not_altered(sold: Sold, what: str) -> None:
    shop, _, before, note = sold
    for path in (f"/v1/invoices/{before['id']}/{what}", f"/v1/credit-notes/{note['id']}/{what}"):
        got = shop.owner.get(path, accept_language="fr")
        assert (got.status, got.json["code"]) == (409, "document_blocked")
        assert "demande légale" in got.json["detail"]


def test_others_stay_as_they_are(shop: Shop) -> None:
    other = shop.issued()
    path = f"/v1/invoices/{other['id']}"
    before = shop.owner.get(path)
    erased(shop, person(shop))
    after = shop.owner.get(path)
    assert (after.text, after.etag) == (before.text, before.etag)
    assert shop.owner.get(f"{path}/pdf", accept="application/json").status == 200


def test_the_register_stays_whole_and_the_original_survives(
    sold: Sold,
) -> None:
    shop, customer, before, _ = sold
    carry(shop)
    (stored,) = shop.world.store.records([Invoice.ref(shop.company, before["id"])])
    assert isinstance(stored, Invoice)
    assert (stored.buyer.name, stored.customer, stored.notes) == (CANARY, customer, "Cadeau pour Zineb")
    verified = shop.owner.get("/v1/register/verify").json
    assert (verified["verified"], verified["complete"]) == (True, True)
    nobody_in(shop.owner.get(f"/v1/invoices/{before['id']}"))


def test_its_pages_leave_the_bucket_and_none_is_made_again(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer)
    printing.render_now(shop.world, shop.company, [invoice["id"]])
    own = f"pdf/{shop.company}/"
    assert list(shop.world.files.list(own))
    erased(shop, customer, carried=True)
    printing.render_now(shop.world, shop.company, [invoice["id"]])
    assert list(shop.world.files.list(own)) == []


def test_the_companys_own_access_export_names_nobody(sold: Sold) -> None:
    shop, _, before, note = sold
    carry(shop)
    asked = shop.owner.post(URL, {"kind": "access"})
    id = asked.json["id"]
    assert shop.owner.post(f"{URL}/{id}/confirm", {}).status == 200
    carry(shop)
    (key,) = [key for key in shop.world.files.list(f"exports/{shop.company}/") if key.endswith(".zip")]
    with zipfile.ZipFile(io.BytesIO(shop.world.files.read(key, 10**8))) as archive:
        names = archive.namelist()
        content = {name: archive.read(name) for name in names}
    assert before["number"].encode() in content["data/invoices.json"]
    assert not [name for name in names if name.startswith("pdf/")]
    for name, body in content.items():
        for trace in TRACES:
            assert trace.encode() not in body, (name, trace)
    assert note["id"].encode() in content["index.html"], "a page that is blocked is named as missing"


def test_money_still_moves_and_answers_name_nobody(sold: Sold) -> None:
    shop, customer, before, _ = sold
    paid = {"amount": "100.00", "method": "transfer", "date": before["issue_date"]}
    assert shop.owner.post(f"/v1/invoices/{before['id']}/payments", paid).status == 201
    note = shop.owner.post(f"/v1/invoices/{before['id']}/credit", {"lines": [{"line": 1, "quantity": "0.5"}]})
    assert note.status == 201, note.text
    assert (note.json["buyer"]["name"], note.json["customer"]) == (NAMES["fr"], None)
    assert not [trace for trace in (*TRACES, customer) if trace in note.text]
    assert shop.owner.get("/v1/register/verify").json["verified"]


def test_a_device_that_was_offline_brings_nobody_back(sold: Sold) -> None:
    shop, customer, _, _ = sold
    got = shop.owner.post("/v1/customers", PERSON | {"id": customer})
    assert (got.status, got.json["code"]) == (409, "person_erased")
    draft = shop.owner.post("/v1/invoices", {"customer": customer, "lines": []})
    assert draft.codes == [("/customer", "unknown_customer")]


def test_an_ordinary_deletion_of_a_record_hides_no_document(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer)
    assert shop.owner.delete(f"/v1/customers/{customer}", "*", query={"force": "true"}).status == 200
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}").json["buyer"]["name"] == CANARY


def test_one_company_forgets_and_its_neighbour_does_not(new_shop: Callable[..., Shop]) -> None:
    one, other = new_shop(), new_shop()
    customer = person(one)
    assert other.owner.post("/v1/customers", PERSON | {"id": customer}).status == 201
    invoice = other.issued(customer=customer)
    erased(one, customer)
    assert other.owner.get(f"/v1/invoices/{invoice['id']}").json["buyer"]["name"] == CANARY


def test_reading_costs_as_much_as_before(sold: Sold, shop: Shop) -> None:
    _, _, before, _ = sold
    untouched = shop.issued(customer=shop.customer)

    def cost(path: str) -> tuple[int, float, float]:
        with Traffic(shop.world.store) as traffic:
            assert shop.owner.get(path).status == 200
        return traffic.total, traffic.read, traffic.write

    assert cost(f"/v1/invoices/{before['id']}") == cost(f"/v1/invoices/{untouched['id']}")


def test_a_mark_is_eight_bytes_and_is_set_once() -> None:
    marks = marked(marked(marked(None, "cus_1"), "cus_2"), "cus_1")
    assert len(marks) == 2 * MARK_BYTES
    shifted = marks[1:] + marks[:1]
    head = _head(marks)
    assert [is_erased(head, id) for id in ("cus_1", "cus_2", "cus_3")] == [True, True, False]
    assert not is_erased(_head(shifted), "cus_1"), "a mark begins where one may begin"
    assert not is_erased(_head(None), "cus_1")
    assert joined(joined(None, marked(None, "cus_2")), marks) == marked(marked(None, "cus_2"), "cus_1")
    assert (joined(marks, None), joined(None, None)) == (marks, None)


def _head(marks: bytes | None) -> Head:
    from datetime import UTC, datetime

    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Head(company="cmp_1", id="cmp_1", created_at=at, updated_at=at, clock=1, chain="", erased=marks)


def demanded(shop: Shop, **more: Any) -> str:
    """A lawful demand on record; its id."""
    content: dict[str, Any] = {
        "kind": "lawful_demand",
        "recipient": "Direction générale des impôts",
        "basis": "CGI, art. 214",
        "data": ("document.buyer", "document.content", "document.seller"),
        "disclosed_on": today(shop.world.now()),
    }
    return disclosures.record(shop.world, shop.company, DisclosureInput(**(content | more)), "opr_1").id


def test_a_lawful_demand_and_nothing_else_releases_the_original(
    sold: Sold, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, customer, before, note = sold
    carry(shop)

    def cli(disclosure: str, document: str) -> int:
        arguments = ["disclosures", "release", shop.company, disclosure, document, "--out", str(tmp_path)]
        return main([*arguments, "--by", "opr_1"], lambda: shop.world)

    other = demanded(shop, subject="cus_01J00000000000000000000000")
    narrow = demanded(shop, data=("document.content",))
    transfer = demanded(shop, kind="processor_transfer")
    for refused in (other, narrow, transfer, "dis_01J00000000000000000000000"):
        assert cli(refused, before["id"]) == 1
    assert list(tmp_path.iterdir()) == []
    right = demanded(shop, subject=customer)
    clock = shop.clock
    assert cli(right, before["id"]) == cli(right, note["id"]) == cli(right, note["id"]) == 0
    assert shop.clock == clock + 2, "each release is a commit, and is entered once"
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(line["register_verified"] for line in said)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(written) == {f"{each['number']}.{suffix}" for each in (before, note) for suffix in ("pdf", "xml")}
    assert CANARY in written[f"{before['number']}.xml"].decode()
    assert CANARY in _text(written[f"{before['number']}.pdf"])
    assert list(shop.world.files.list(f"pdf/{shop.company}/")) == [], "nothing is left behind"
    (shown,) = [d for d in shop.owner.get("/v1/privacy/disclosures").json["data"] if d["id"] == right]
    assert shown["documents"] == [before["id"], note["id"]]


def test_the_original_of_a_closed_account_is_released_too(shop: Shop) -> None:
    invoice = shop.issued(customer=person(shop))
    asked = shop.owner.post(URL, {"kind": "deletion"}).json["id"]
    assert shop.owner.post(f"{URL}/{asked}/confirm", {}).json["status"] == "grace"
    with pytest.raises(CompanyBlocked):
        open_company(shop.world.store, shop.company)
    made = demands.release(shop.world, shop.company, demanded(shop), invoice["id"], "opr_1")
    assert made.verified
    assert made.e_invoice is not None
    assert CANARY in made.e_invoice.decode()


def _text(page: bytes) -> str:
    from pypdf import PdfReader

    return " ".join("".join(part.extract_text() for part in PdfReader(io.BytesIO(page)).pages).split())


def test_what_was_said_of_their_money_returns_in_no_answer(shop: Shop) -> None:
    """References and certificates of payments, advances and refunds: repeated calls, new calls and reads."""
    customer = shop.owner.post("/v1/customers", {"name": "Rachid Alami", "kind": "consumer"}).json["id"]
    invoice = shop.issued(customer=customer)["id"]
    money = {"amount": "10.00", "method": "cheque", "date": str(shop.today), "reference": "chèque Alami"}
    paid = money | {"certificate": "attestation Alami", "withheld_vat": "1.00"}
    calls = {
        f"/v1/invoices/{invoice}/payments": paid,
        f"/v1/customers/{customer}/credit": money | {"amount": "50.00"},
        f"/v1/customers/{customer}/refunds": money,
    }
    keys = {path: f"key-of-{number}-{customer}" for number, path in enumerate(calls)}
    made = {path: shop.owner.post(path, body, idempotency_key=keys[path]) for path, body in calls.items()}
    assert {got.status for got in made.values()} == {201}
    late = shop.owner.post(f"/v1/invoices/{invoice}/payments", paid | {"matures_on": "2099-01-01"}).json["id"]
    cheque = shop.owner.post(f"/v1/invoices/{invoice}/payments", paid | {"matures_on": "2099-01-01"}).json["id"]
    said = {"date": str(shop.today), "withheld_vat": "1.00"}
    reversal = {"reason": "returned_unpaid", "date": str(shop.today)}
    later = {f"/v1/payments/{cheque}/cash": said, f"/v1/payments/{cheque}/reverse": reversal}
    for path, body in later.items():
        keys[path] = f"key-{len(keys)}-{customer}"
        made[path] = shop.owner.post(path, body, idempotency_key=keys[path])
    assert [made[path].status for path in later] == [200, 201]
    erased(shop, customer)
    repeated = [shop.owner.post(path, body, idempotency_key=keys[path]) for path, body in later.items()]
    assert [got.text for got in repeated if "Alami" in got.text] == []
    answers = [shop.owner.post(path, body, idempotency_key=keys[path]) for path, body in calls.items()]
    apply = {"to": [{"document": invoice, "amount": "1.00"}]}
    answers.append(shop.owner.post(f"/v1/customers/{customer}/credit/apply", apply))
    answers.append(shop.owner.post(f"/v1/payments/{late}/cash", {"date": str(shop.today), "withheld_vat": "0.00"}))
    answers += [shop.owner.get(path) for path in ("/v1/payments", f"/v1/payments/{late}", "/v1/changes?after=0")]
    assert [got.status for got in answers] == [201, 201, 201, 200, 200, 200, 200, 200]
    assert [got.text for got in answers if "Alami" in got.text] == []


def test_what_was_typed_of_them_leaves_their_draft(shop: Shop) -> None:
    """The references of a draft go with its customer, and an advance that named it is free (ADR 0076)."""
    customer = shop.owner.post("/v1/customers", {"name": "Rachid Alami", "kind": "consumer"}).json["id"]
    said = {"buyer_reference": "Alami", "order_reference": "BC Alami", "metadata": {"for": "Alami"}}
    draft = shop.draft(customer=customer, **said)["id"]
    money = {"amount": "10.00", "method": "transfer", "date": str(shop.today)}
    named = shop.owner.post(f"/v1/customers/{customer}/credit", money | {"document": draft})
    assert named.status == 201, named.text
    erased(shop, customer, carried=True)
    left = shop.owner.get(f"/v1/invoices/{draft}")
    assert (left.json["customer"], "Alami" in left.text) == (None, False)
    assert shop.owner.post(f"/v1/customers/{customer}/refunds", money).status == 201
