"""One good request for every endpoint, made on things of its own, so that each may be asked in any order.

A new endpoint has no sample until somebody writes one, and fails the tests that go through the catalogue.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

from chalicelib.api.endpoint import Endpoint
from chalicelib.api.parse import FORM
from chalicelib.domain.clock import today
from chalicelib.domain.contact.support import Thread
from chalicelib.domain.ids import derived_id
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import DuePage, within
from chalicelib.jobs.runner import run
from chalicelib.policy.load import policy_version
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from tests import joining
from tests.attaching import announced, attach, enclose, picture, put
from tests.client import Client, Got
from tests.conftest import Shop

if TYPE_CHECKING:
    from chalicelib.wiring import World

Route = tuple[str, str]
_NUMBERS = count(1)
LINE = {"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}
ADDRESS = {"street": "12 rue Ibn Batouta", "city": "Casablanca", "country": "MA"}
CUSTOMER = {"name": "Atlas Négoce SARL", "kind": "business", "ice": "002136093000040", "address": ADDRESS}
_OWN = {"metadata": {"shelf": "Rayon 3"}}
_REFERENCES = {"buyer_reference": "Service achats", "order_reference": "BC-2026-118", **_OWN}
ITEM = {"name": "Conseil", "unit_price": "1500.00", "vat_rate": "20"}


@dataclass(frozen=True)
class Sample:
    """A request to send: the complete path, the body and the query; or the form that a page sends."""

    path: str
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    form: str | None = None


def send(client: Client, endpoint: Endpoint, sample: Sample, **headers: str) -> Got:
    """Send the request of `sample` to `endpoint`."""
    sent: dict[str, Any] = ({"if_match": "*"} if endpoint.if_match else {}) | headers
    if sample.form is not None:
        sent |= {"raw": sample.form.encode(), "content_type": FORM}
    return client.ask(endpoint.method, sample.path, sample.body, query=sample.query, **sent)


def sample(endpoint: Endpoint, shop: Shop) -> Sample:
    """The endpoint's sample on fresh things of `shop`. Raises KeyError for an endpoint that has none."""
    return _SAMPLES[endpoint.method, endpoint.path](shop)


def _made(shop: Shop, path: str, body: Any) -> str:
    got = shop.owner.post(path, body)
    assert got.status == 201, got.text
    return str(got.json["id"])


def _picture() -> str:
    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return b64encode(file.getvalue()).decode()


def _first_pull() -> dict[str, Any]:
    """The first pull of a new device."""
    device = derived_id("dev", "samples", str(next(_NUMBERS)))
    return {"last_pulled_at": None, "schema_version": 1, "device": device}


def _device(shop: Shop) -> str:
    """A device that has pulled; its id."""
    pull = _first_pull()
    assert shop.owner.post("/v1/sync/pull", pull).status == 200
    return str(pull["device"])


def _printed(shop: Shop) -> str:
    """The address of the page of an archived invoice, which the first reading stores."""
    page = f"{_archived(shop)}/pdf"
    assert shop.owner.get(page).status == 303
    return page


def _verified(shop: Shop) -> str:
    """The address of the verification of a register that has a document."""
    shop.issued()
    return "/v1/register/verify"


def _credit_note(shop: Shop) -> str:
    return _made(shop, f"/v1/invoices/{shop.issued()['id']}/credit", {})


def _job(shop: Shop) -> str:
    drafts = [shop.draft()["id"] for _ in range(31)]
    accepted = shop.owner.post("/v1/invoices/issue", {"ids": drafts})
    assert accepted.status == 202, accepted.text
    return str(accepted.json["id"])


def _import(
    shop: Shop, *, until: str = "", kind: str = "suppliers", content: bytes = b"Nom,Ville\nSocks Atlas,Agadir\n"
) -> str:
    """The address of an import whose file is uploaded, analysed or committed."""
    about = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    sent = {"kind": kind, "name": "liste.csv", "content_type": "text/csv", **about}
    id = _made(shop, "/v1/imports", sent)
    shop.world.files.put(f"imports/{shop.company}/{id}/file", content, "text/csv")
    for verb in ("complete", "commit")[: ("", "analysed", "committed").index(until)]:
        assert shop.owner.post(f"/v1/imports/{id}/{verb}", {}).status == 202
        _work(shop, "imports")
    return f"/v1/imports/{id}"


def _archived(shop: Shop) -> str:
    """The address of a new archived invoice, of which something is due."""
    number = f"test-{next(_NUMBERS)}"
    row = f"{number},2024-03-15,{shop.customer},1000.00,200.00,700.00"
    content = f"Numéro,Date,Id client,Total HT,TVA,Reste à payer\n{row}\n".encode()
    _import(shop, until="committed", kind="invoices_archive", content=content)
    (found,) = shop.owner.get("/v1/invoices-archive", query={"number": number}).json["data"]
    return f"/v1/invoices-archive/{found['id']}"


def _export(shop: Shop) -> str:
    """The address of a finished export."""
    accepted = shop.owner.post("/v1/exports", {"kinds": ["customers"], "format": "csv"})
    _work(shop, "exports")
    return f"/v1/exports/{accepted.json['id']}"


def _listing(url: str, **query: str) -> dict[Route, Callable[[Shop], Sample]]:
    return {("GET", url): lambda shop: Sample(url, query={"limit": "5"} | query)}


def _record(url: str, new: dict[str, Any], edit: dict[str, Any]) -> dict[Route, Callable[[Shop], Sample]]:
    one = url + "/{id}"

    def fresh(shop: Shop) -> str:
        return f"{url}/{_made(shop, url, new)}"

    return {
        **_listing(url),
        ("POST", url): lambda shop: Sample(url, new),
        ("GET", one): lambda shop: Sample(fresh(shop)),
        ("PATCH", one): lambda shop: Sample(fresh(shop), edit),
        ("DELETE", one): lambda shop: Sample(fresh(shop)),
    }


def _member() -> dict[str, Any]:
    return {"email": joining.address(), "role": "viewer"}


def _invited(shop: Shop) -> Sample:
    """An invitation of the owner to another person's company."""
    number = next(_NUMBERS)
    host = Client(shop.owner.gateway, shop.issuer.token(f"host-{number}"))
    company = host.post("/v1/companies", _company()).json["id"]
    host.company = company
    (inviter,) = host.get("/v1/members").json["data"]
    code = joining.waiting(shop.world, company, "owner@shop.example", inviter["id"])
    body = {"code": code, "of_age": True, "policy_version": policy_version(), "join": True}
    return Sample("/v1/invitations/accept", body)


def _company() -> dict[str, Any]:
    identity = {"name": "Seconde Boutique", "address": ADDRESS, "ice": "002136093000040"}
    return identity | {"policy_version": policy_version(), "of_age": True}


def _payment() -> dict[str, Any]:
    return {"amount": "1000.00", "method": "transfer", "date": str(today(datetime.now(UTC))), "reference": "VIR 1"}


def _paid(shop: Shop, **more: str) -> str:
    """A new invoice that is paid with 1,000.00; the id of the payment."""
    return _made(shop, f"/v1/invoices/{shop.issued()['id']}/payments", _payment() | more)


def _with_credit(shop: Shop) -> str:
    """A new customer with 1,000.00 in advance; the customer's id."""
    customer = _made(shop, "/v1/customers", CUSTOMER)
    _made(shop, f"/v1/customers/{customer}/credit", _payment())
    return customer


def _advance(shop: Shop) -> str:
    """The address of a new advance."""
    url = f"/v1/customers/{_made(shop, '/v1/customers', CUSTOMER)}/credit"
    return f"{url}/{_made(shop, url, _payment())}"


def _refund(shop: Shop) -> str:
    """The address of a new refund."""
    url = f"/v1/customers/{_with_credit(shop)}/refunds"
    return f"{url}/{_made(shop, url, _payment())}"


def _applied(shop: Shop) -> Sample:
    customer = _with_credit(shop)
    invoice = shop.issued(customer=customer)["id"]
    return Sample(f"/v1/customers/{customer}/credit/apply", {"to": [{"document": invoice, "amount": "10.00"}]})


def _freed(shop: Shop) -> Sample:
    invoice = shop.issued()["id"]
    _made(shop, f"/v1/invoices/{invoice}/payments", _payment())
    _made(shop, f"/v1/invoices/{invoice}/credit", {})
    return Sample(f"/v1/invoices/{invoice}/refunds", _payment())


_KEY = {"name": "caisse", "scopes": ["documents.read"]}
_HELP = {"subject": "Impression", "text": "La page reste blanche."}


def _with_logo(shop: Shop) -> str:
    assert shop.owner.ask("PUT", "/v1/company/logo", {"logo": _picture()}, if_match="*").status == 200
    return "/v1/company/logo"


def _enclosed(shop: Shop) -> str:
    id = _made(shop, "/v1/support", _HELP)
    (thread,) = shop.world.store.records([Thread.ref(shop.company, id)])
    assert isinstance(thread, Thread)
    return f"/v1/support/{id}/attachments/{enclose(shop.world, thread)}"


def _written(shop: Shop) -> Sample:
    thread = _made(shop, "/v1/support", _HELP)
    file = attach(shop.owner, thread, _photograph())["id"]
    return Sample(f"/v1/support/{thread}/messages", {"text": "Voici la photo.", "attachments": [file]})


def _photograph() -> bytes:
    """A file of its own: the same file of the same owner is one attachment."""
    return picture(comment=str(next(_NUMBERS)).encode())


def _paper(shop: Shop, verb: str = "") -> str:
    id = attach(shop.owner, shop.customer, _photograph())["id"]
    return f"/v1/attachments/{id}{verb}"


def _sent(shop: Shop) -> Sample:
    content = _photograph()
    made = announced(shop.owner, shop.customer, content).json
    assert put(made, content) == 200
    return Sample(f"/v1/attachments/{made['id']}/complete", {})


_FILE = {"name": "bon.jpg", "content_type": "image/jpeg", "bytes": 2_048, "sha256": "9f" * 32}
_REQUESTS = "/v1/privacy/requests"


def _request(shop: Shop, verb: str = "") -> str:
    asked = {"kind": "deletion", "subject": _made(shop, "/v1/customers", CUSTOMER)}
    return f"{_REQUESTS}/{_made(shop, _REQUESTS, asked)}{verb}"


def _corrected(shop: Shop) -> str:
    right = {"kind": "rectification", "subject": shop.issued()["customer"], "corrections": {"name": "Client Exact"}}
    return f"{_REQUESTS}/{_made(shop, _REQUESTS, right)}/documents"


def _work(shop: Shop, name: str) -> None:
    """Do what is due of a job for this company. Other samples left work that nobody waits for."""
    job = named(name)

    def find(world: "World", cursor: str | None, at: datetime) -> DuePage:
        page = job.find(world, cursor, at)
        return DuePage([row for row in page.work if row.company == shop.company], page.next)

    report = run(shop.world, replace(job, find=find), now=shop.world.now(), left=within(60))
    assert (report.outcome, report.failures) == ("done", [])


def _receipted(shop: Shop) -> str:
    request = _request(shop)
    assert shop.owner.post(request + "/confirm", {}).status == 200
    _work(shop, "requests")
    return request + "/receipt"


def _fetched(shop: Shop) -> Sample:
    customer = _made(shop, "/v1/customers", {"name": "Sans Adresse", "kind": "consumer"})
    made = shop.owner.post(_REQUESTS, {"kind": "access", "subject": customer}).json
    return Sample(
        "/v1/privacy/receipts", {"company": shop.company, "request": made["id"], "code": made["download_code"]}
    )


def _exported(shop: Shop) -> str:
    request = f"{_REQUESTS}/{_made(shop, _REQUESTS, {'kind': 'access'})}"
    assert shop.owner.post(request + "/confirm", {}).status == 200
    _work(shop, "requests")
    return request + "/download"


def _disclosed(shop: Shop) -> str:
    told = DisclosureInput(
        kind="lawful_demand",
        recipient="Direction générale des impôts",
        basis="CGI, art. 214",
        data=("document.content",),
        disclosed_on=today(datetime.now(UTC)),
    )
    disclosures.record(shop.world, shop.company, told, "opr_1")
    return "/v1/privacy/disclosures"


_BACKUPS = "/v1/backups"


def _backed_up(shop: Shop) -> str:
    """A backup that runs."""
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    got = shop.owner.post(_BACKUPS, {})
    assert got.status == 202, got.text
    return f"{_BACKUPS}/{got.json['id']}"


def _complete(shop: Shop, verb: str = "") -> str:
    """A complete one."""
    one = _backed_up(shop)
    _work(shop, "backups")
    return one + verb


_DIAGNOSTICS = {
    "app_version": "1.4.2",
    "os": "android",
    "os_version": "15",
    "events": [{"code": "crash.invoice_editor"}],
}


def _push(shop: Shop) -> Sample:
    """An item, a draft with a payment, and the request to issue it."""
    number = str(next(_NUMBERS))
    item, invoice, payment, request, device = (
        derived_id(prefix, shop.company, number) for prefix in ("itm", "inv", "pay", "isr", "dev")
    )
    draft = {"id": invoice, "kind": "invoice", "customer": shop.customer, "lines": json.dumps([LINE])}
    paid = {"id": payment, "document_id": invoice, "withheld_vat": "0.00", "withheld_fees": "0.00", **_payment()}
    asked = {"id": request, "document_id": invoice, "seen_clock": shop.clock, "requested_at": "2026-11-30T09:00:00Z"}
    created = {"items": [{"id": item, **ITEM}], "drafts": [draft], "payments": [paid], "issue_requests": [asked]}
    changes = {table: {"created": rows} for table, rows in created.items()}
    return Sample("/v1/sync/push", {"changes": changes, "last_pulled_at": shop.clock, "device": device})


def _rxdb_push(shop: Shop) -> Sample:
    """A new item."""
    item, device = (derived_id(prefix, shop.company, str(next(_NUMBERS))) for prefix in ("itm", "dev"))
    return Sample("/v1/sync/rxdb/items/push", {"rows": [{"newDocumentState": {"id": item, **ITEM}}], "device": device})


_SAMPLES: dict[Route, Callable[[Shop], Sample]] = {
    ("GET", "/v1/companies"): lambda shop: Sample("/v1/companies"),
    ("POST", "/v1/companies"): lambda shop: Sample("/v1/companies", _company()),
    ("GET", "/v1/company"): lambda shop: Sample("/v1/company"),
    ("PATCH", "/v1/company"): lambda shop: Sample("/v1/company", {"legal_form": "SARL"}),
    ("GET", "/v1/company/logo"): lambda shop: Sample(_with_logo(shop)),
    ("PUT", "/v1/company/logo"): lambda shop: Sample("/v1/company/logo", {"logo": _picture()}),
    ("GET", "/v1/settings"): lambda shop: Sample("/v1/settings"),
    ("PATCH", "/v1/settings"): lambda shop: Sample("/v1/settings", {"cloud": {"backup": True}}),
    ("GET", "/v1/members"): lambda shop: Sample("/v1/members"),
    ("POST", "/v1/members"): lambda shop: Sample("/v1/members", _member()),
    ("GET", "/v1/members/{id}"): lambda shop: Sample("/v1/members/" + _made(shop, "/v1/members", _member())),
    ("PATCH", "/v1/members/{id}"): lambda shop: Sample(
        "/v1/members/" + _made(shop, "/v1/members", _member()), {"role": "clerk"}
    ),
    ("DELETE", "/v1/members/{id}"): lambda shop: Sample("/v1/members/" + _made(shop, "/v1/members", _member())),
    ("POST", "/v1/invitations/accept"): _invited,
    **_listing("/v1/api-keys"),
    ("POST", "/v1/api-keys"): lambda shop: Sample("/v1/api-keys", _KEY),
    ("GET", "/v1/api-keys/{id}"): lambda shop: Sample("/v1/api-keys/" + _made(shop, "/v1/api-keys", _KEY)),
    ("DELETE", "/v1/api-keys/{id}"): lambda shop: Sample("/v1/api-keys/" + _made(shop, "/v1/api-keys", _KEY)),
    **_record("/v1/customers", CUSTOMER, {"phone": "+212522000000", **_OWN}),
    **_record("/v1/suppliers", CUSTOMER, {"notes": "Livre le mardi.", **_OWN}),
    **_record("/v1/items", ITEM, {"unit": "jour", **_OWN}),
    ("POST", "/v1/imports"): lambda shop: Sample(
        "/v1/imports",
        {"kind": "items", "name": "a.csv", "content_type": "text/csv", "bytes": 9, "sha256": "0" * 64},
    ),
    ("GET", "/v1/imports/{id}"): lambda shop: Sample(_import(shop)),
    ("POST", "/v1/imports/{id}/complete"): lambda shop: Sample(f"{_import(shop)}/complete", {}),
    ("PATCH", "/v1/imports/{id}"): lambda shop: Sample(
        _import(shop, until="analysed"), {"mapping": {"columns": [{"column": 2, "field": "notes"}]}}
    ),
    ("POST", "/v1/imports/{id}/commit"): lambda shop: Sample(f"{_import(shop, until='analysed')}/commit", {}),
    ("POST", "/v1/imports/{id}/undo"): lambda shop: Sample(f"{_import(shop, until='committed')}/undo", {}),
    ("POST", "/v1/exports"): lambda _: Sample("/v1/exports", {"kinds": ["customers"], "format": "csv"}),
    ("GET", "/v1/exports/{id}"): lambda shop: Sample(_export(shop)),
    **_record("/v1/invoices", {"lines": [LINE], **_REFERENCES}, {"notes": "Merci.", **_REFERENCES}),
    ("POST", "/v1/invoices/preview"): lambda shop: Sample("/v1/invoices/preview", {"lines": [LINE]}),
    ("POST", "/v1/invoices/issue"): lambda shop: Sample("/v1/invoices/issue", {"ids": [shop.draft()["id"]]}),
    ("POST", "/v1/invoices/{id}/issue"): lambda shop: Sample(f"/v1/invoices/{shop.draft()['id']}/issue", {}),
    ("POST", "/v1/invoices/{id}/credit"): lambda shop: Sample(f"/v1/invoices/{shop.issued()['id']}/credit", {}),
    ("GET", "/v1/invoices/{id}/pdf"): lambda shop: Sample(f"/v1/invoices/{shop.draft()['id']}/pdf"),
    ("GET", "/v1/invoices/{id}/ubl"): lambda shop: Sample(f"/v1/invoices/{shop.issued()['id']}/ubl"),
    ("POST", "/v1/sync/push"): _push,
    ("POST", "/v1/sync/rxdb/{table}/push"): _rxdb_push,
    **_listing("/v1/payments"),
    ("GET", "/v1/payments/{id}"): lambda shop: Sample(f"/v1/payments/{_paid(shop)}"),
    ("GET", "/v1/payments/{id}/pdf"): lambda shop: Sample(f"/v1/payments/{_paid(shop)}/pdf"),
    ("POST", "/v1/payments/{id}/cash"): lambda shop: Sample(
        f"/v1/payments/{_paid(shop, method='cheque', matures_on='2099-01-31')}/cash", {"date": _payment()["date"]}
    ),
    ("POST", "/v1/payments/{id}/reverse"): lambda shop: Sample(
        f"/v1/payments/{_paid(shop)}/reverse", {"reason": "returned_unpaid"}
    ),
    ("GET", "/v1/customers/{id}/credit"): lambda shop: Sample(f"/v1/customers/{_with_credit(shop)}/credit"),
    ("GET", "/v1/customers/{id}/statement"): lambda shop: Sample(f"/v1/customers/{_with_credit(shop)}/statement"),
    ("GET", "/v1/customers/{id}/statement/pdf"): lambda shop: Sample(
        f"/v1/customers/{_with_credit(shop)}/statement/pdf"
    ),
    ("POST", "/v1/customers/{id}/credit"): lambda shop: Sample(
        f"/v1/customers/{_made(shop, '/v1/customers', CUSTOMER)}/credit", _payment()
    ),
    ("GET", "/v1/customers/{id}/credit/{entry}"): lambda shop: Sample(_advance(shop)),
    ("POST", "/v1/customers/{id}/credit/{entry}/reverse"): lambda shop: Sample(
        f"{_advance(shop)}/reverse", {"reason": "returned_unpaid"}
    ),
    ("GET", "/v1/customers/{id}/refunds/{refund}"): lambda shop: Sample(_refund(shop)),
    ("POST", "/v1/customers/{id}/refunds/{refund}/reverse"): lambda shop: Sample(
        f"{_refund(shop)}/reverse", {"reason": "entered_in_error"}
    ),
    ("POST", "/v1/customers/{id}/credit/apply"): _applied,
    ("GET", "/v1/customers/{id}/refunds"): lambda shop: Sample(f"/v1/customers/{_with_credit(shop)}/refunds"),
    ("POST", "/v1/customers/{id}/refunds"): lambda shop: Sample(
        f"/v1/customers/{_with_credit(shop)}/refunds", _payment()
    ),
    ("POST", "/v1/invoices/{id}/refunds"): _freed,
    ("GET", "/v1/invoices/{id}/payments"): lambda shop: Sample(f"/v1/invoices/{shop.issued()['id']}/payments"),
    ("POST", "/v1/invoices/{id}/payments"): lambda shop: Sample(
        f"/v1/invoices/{shop.issued()['id']}/payments", _payment()
    ),
    **_listing("/v1/credit-notes"),
    ("GET", "/v1/credit-notes/{id}"): lambda shop: Sample(f"/v1/credit-notes/{_credit_note(shop)}"),
    ("GET", "/v1/credit-notes/{id}/pdf"): lambda shop: Sample(f"/v1/credit-notes/{_credit_note(shop)}/pdf"),
    ("GET", "/v1/credit-notes/{id}/ubl"): lambda shop: Sample(f"/v1/credit-notes/{_credit_note(shop)}/ubl"),
    **_listing("/v1/invoices-archive"),
    ("GET", "/v1/invoices-archive/{id}"): lambda shop: Sample(_archived(shop)),
    ("GET", "/v1/invoices-archive/{id}/pdf"): lambda shop: Sample(_printed(shop)),
    ("GET", "/v1/invoices-archive/{id}/payments"): lambda shop: Sample(f"{_archived(shop)}/payments"),
    ("POST", "/v1/invoices-archive/{id}/payments"): lambda shop: Sample(f"{_archived(shop)}/payments", _payment()),
    ("GET", "/v1/series"): lambda shop: Sample("/v1/series"),
    **_listing("/v1/register"),
    ("GET", "/v1/register/verify"): lambda shop: Sample("/v1/register/verify"),
    ("POST", "/v1/register/verify"): lambda shop: Sample(_verified(shop)),
    **_listing("/v1/changes", after="0"),
    ("GET", "/v1/sync/schema"): lambda shop: Sample("/v1/sync/schema"),
    ("POST", "/v1/sync/pull"): lambda shop: Sample("/v1/sync/pull", _first_pull()),
    ("POST", "/v1/sync/rxdb/{table}/pull"): lambda shop: Sample(
        "/v1/sync/rxdb/items/pull", {"checkpoint": None, "limit": 5, "device": _first_pull()["device"]}
    ),
    ("GET", "/v1/devices"): lambda shop: Sample("/v1/devices"),
    ("GET", "/v1/devices/{id}"): lambda shop: Sample(f"/v1/devices/{_device(shop)}"),
    ("PATCH", "/v1/devices/{id}"): lambda shop: Sample(f"/v1/devices/{_device(shop)}", {"label": "Caisse"}),
    ("DELETE", "/v1/devices/{id}"): lambda shop: Sample(f"/v1/devices/{_device(shop)}"),
    **_listing(_BACKUPS),
    ("POST", _BACKUPS): lambda shop: Sample(_backed_up(shop).rpartition("/")[0], {}),
    ("GET", _BACKUPS + "/{id}"): lambda shop: Sample(_backed_up(shop)),
    ("GET", _BACKUPS + "/{id}/download"): lambda shop: Sample(_complete(shop, "/download")),
    ("POST", _BACKUPS + "/{id}/verify"): lambda shop: Sample(_complete(shop, "/verify"), {}),
    ("POST", _BACKUPS + "/{id}/restore"): lambda shop: Sample(_complete(shop, "/restore"), {"dry_run": True}),
    ("GET", "/v1/jobs/{id}"): lambda shop: Sample(f"/v1/jobs/{_job(shop)}"),
    ("GET", "/v1/app-settings"): lambda shop: Sample("/v1/app-settings"),
    ("POST", "/v1/diagnostics"): lambda shop: Sample("/v1/diagnostics", _DIAGNOSTICS),
    ("POST", "/v1/attachments"): lambda shop: Sample("/v1/attachments", _FILE | {"owner": shop.customer}),
    ("GET", "/v1/attachments"): lambda shop: Sample("/v1/attachments", query={"owner": shop.customer}),
    ("GET", "/v1/attachments/{id}"): lambda shop: Sample(_paper(shop)),
    ("POST", "/v1/attachments/{id}/complete"): _sent,
    ("GET", "/v1/attachments/{id}/content"): lambda shop: Sample(_paper(shop, "/content")),
    ("GET", "/v1/attachments/{id}/thumbnail"): lambda shop: Sample(_paper(shop, "/thumbnail")),
    ("DELETE", "/v1/attachments/{id}"): lambda shop: Sample(_paper(shop)),
    ("GET", "/v1/support"): lambda shop: Sample("/v1/support", query={"limit": "5"}),
    ("POST", "/v1/support"): lambda shop: Sample("/v1/support", _HELP),
    ("GET", "/v1/support/{id}"): lambda shop: Sample("/v1/support/" + _made(shop, "/v1/support", _HELP)),
    ("POST", "/v1/support/{id}/messages"): _written,
    ("POST", "/v1/support/{id}/close"): lambda shop: Sample(
        f"/v1/support/{_made(shop, '/v1/support', _HELP)}/close", {}
    ),
    ("GET", "/v1/support/{id}/attachments/{file}"): lambda shop: Sample(_enclosed(shop)),
    ("GET", "/v1/privacy/disclosures"): lambda shop: Sample(_disclosed(shop)),
    ("GET", "/v1/consents"): lambda shop: Sample("/v1/consents"),
    ("POST", "/v1/consents"): lambda shop: Sample("/v1/consents", {"kind": "marketing", "granted": True}),
    ("GET", "/account/deletion"): lambda shop: Sample("/account/deletion", query={"lang": "fr"}),
    ("POST", "/account/deletion"): lambda shop: Sample("/account/deletion", form="email=x%40shop.example"),
    ("GET", _REQUESTS): lambda shop: Sample(_REQUESTS, query={"limit": "5"}),
    ("POST", _REQUESTS): lambda shop: Sample(_REQUESTS, {"kind": "rectification"}),
    ("GET", _REQUESTS + "/{id}"): lambda shop: Sample(_request(shop)),
    ("POST", _REQUESTS + "/{id}/code"): lambda shop: Sample(_request(shop, "/code"), {}),
    ("POST", _REQUESTS + "/{id}/confirm"): lambda shop: Sample(_request(shop, "/confirm"), {}),
    ("POST", _REQUESTS + "/{id}/cancel"): lambda shop: Sample(_request(shop, "/cancel"), {}),
    ("POST", _REQUESTS + "/{id}/details"): lambda shop: Sample(
        f"{_REQUESTS}/{_made(shop, _REQUESTS, {'kind': 'rectification', 'subject': shop.customer})}/details",
        {"corrections": {"name": "Atlas Négoce SA"}},
    ),
    ("GET", _REQUESTS + "/{id}/documents"): lambda shop: Sample(_corrected(shop), query={"limit": "5"}),
    ("GET", _REQUESTS + "/{id}/receipt"): lambda shop: Sample(_receipted(shop)),
    ("GET", _REQUESTS + "/{id}/download"): lambda shop: Sample(_exported(shop)),
    ("POST", "/v1/privacy/receipts"): _fetched,
    ("GET", "/privacy/receipt-key"): lambda shop: Sample("/privacy/receipt-key"),
    ("GET", "/privacy"): lambda shop: Sample("/privacy", query={"lang": "ar"}),
    ("GET", "/v1/privacy/data-map"): lambda shop: Sample("/v1/privacy/data-map"),
    ("GET", "/health"): lambda shop: Sample("/health"),
    ("GET", "/openapi.json"): lambda shop: Sample("/openapi.json"),
    ("GET", "/"): lambda shop: Sample("/"),
    ("GET", "/docs"): lambda shop: Sample("/docs", query={"q": "credit", "lang": "fr"}),
    ("GET", "/docs/roles"): lambda shop: Sample("/docs/roles", query={"lang": "ar"}),
    ("GET", "/docs/ids"): lambda shop: Sample("/docs/ids"),
    ("GET", "/docs/schemas"): lambda shop: Sample("/docs/schemas"),
    ("GET", "/problems"): lambda shop: Sample("/problems"),
    ("GET", "/problems/{code}"): lambda shop: Sample("/problems/stale_version"),
}
