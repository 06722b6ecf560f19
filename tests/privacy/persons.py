"""A person who can be recognised in every answer, and the steps of a privacy request over HTTP."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

from chalicelib.files import prefixes
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from tests.client import Got
from tests.conftest import Shop

URL = "/v1/privacy/requests"
CANARY = "Zineb Effacable"
PERSON: dict[str, Any] = {
    "name": CANARY,
    "kind": "consumer",
    "email": "zineb@effacable.example",
    "phone": "+212612345678",
    "address": {"street": "7 rue Effacable", "city": "Fès"},
    "language": "fr",
}
JSON = "application/json"


def person(shop: Shop) -> str:
    """The id of a new customer who can be recognised."""
    made = shop.owner.post("/v1/customers", PERSON)
    assert made.status == 201, made.text
    return str(made.json["id"])


def asked(shop: Shop, **body: Any) -> str:
    """The id of a new deletion request, or of another kind."""
    made = shop.owner.post(URL, {"kind": "deletion"} | body)
    assert made.status == 201, made.text
    return str(made.json["id"])


def confirmed(shop: Shop, id: str) -> Got:
    """Confirm a request."""
    got = shop.owner.post(f"{URL}/{id}/confirm", {})
    assert got.status == 200, got.text
    return got


def carry(shop: Shop, job: str = "requests", **after: float) -> None:
    """Run a job, by default the requests that are due."""
    run(shop.world, named(job), now=shop.world.now() + timedelta(seconds=1, **after), left=within(60))


def nobody_in(got: Got) -> None:
    """Fail if the answer holds a trace of the person."""
    for trace in (CANARY, "effacable.example", "612345678", "rue Effacable", "Cadeau"):
        assert trace not in got.text, (trace, got.text)


def unzipped(shop: Shop, id: str) -> dict[str, Any]:
    """The tables and pages of an export, by name."""
    key = prefixes.export(shop.company, id)
    with zipfile.ZipFile(io.BytesIO(shop.world.files.read(key))) as archive:
        assert archive.testzip() is None
        return {
            name: json.loads(archive.read(name)) if name.endswith(".json") else archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith((".json", ".html"))
        }


def paid(shop: Shop, customer: str, reference: str) -> str:
    """The id of an invoice of the customer, paid in part by cheque."""
    invoice = str(shop.issued(customer=customer)["id"])
    money = {"amount": "1.00", "method": "cheque", "date": shop.today.isoformat(), "reference": reference}
    assert shop.owner.post(f"/v1/invoices/{invoice}/payments", money).status == 201
    return invoice
