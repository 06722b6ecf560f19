"""The data of a buyer that a document freezes: what the law demands, and no more."""

import io
from typing import Any

from pypdf import PdfReader

from chalicelib.domain.documents.registry import document_types
from tests.api.samples import CUSTOMER
from tests.conftest import Shop

CONTACT = {"email": "achats.secret@client.example", "phone": "+212535987654"}
TRACES = ("achats.secret", "35987654", "35 98 76 54")


def traces(value: Any) -> list[str]:
    """The parts of the contact that a value contains."""
    return [trace for trace in TRACES if trace in str(value)]


def page_of(shop: Shop, url: str) -> str:
    """The text of the printed page and of its e-invoices."""
    before = set(shop.world.files.list(f"pdf/{shop.company}/"))
    assert shop.owner.get(f"{url}/pdf").status == 303
    (key,) = set(shop.world.files.list(f"pdf/{shop.company}/")) - before
    pdf = PdfReader(io.BytesIO(shop.world.files.read(key)))
    papers = [data.decode() for content in pdf.attachments.values() for data in content]
    assert len(papers) == 2
    return "".join([*(page.extract_text() for page in pdf.pages), *papers])


def test_no_document_freezes_or_shows_the_contact_of_its_buyer(shop: Shop) -> None:
    buyer = shop.owner.post("/v1/customers", CUSTOMER | CONTACT).json["id"]
    invoice = shop.issued(customer=buyer)
    credit = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {"reason": "Retour"}).json

    ledger = list(shop.world.store.all("ledger", shop.company))
    kinds = {document_type.issued for document_type in document_types()}
    assert {row.id for row in ledger if type(row) in kinds} == {invoice["id"], credit["id"]}
    assert [traces(row) for row in ledger] == [[]] * len(ledger)

    for url in (f"/v1/invoices/{invoice['id']}", f"/v1/credit-notes/{credit['id']}"):
        shown = shop.owner.get(url)
        assert (shown.status, traces(shown.text)) == (200, [])
        assert (shown.json["buyer"]["email"], shown.json["buyer"]["phone"]) == (None, None)
        page = page_of(shop, url)
        assert str(CUSTOMER["name"]) in page
        assert traces(page) == []

    kept = shop.owner.get(f"/v1/customers/{buyer}").json
    assert {name: kept[name] for name in CONTACT} == CONTACT
