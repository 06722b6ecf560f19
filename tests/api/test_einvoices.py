"""The e-invoice over HTTP, and inside the page."""

from collections.abc import Callable, Mapping
from io import BytesIO

import pytest
from pypdf import PdfReader

from chalicelib.domain.ids import new_id
from tests.conftest import Shop
from tests.unit.render.en16931 import arithmetic, read, refusals
from tests.unit.samples import AT

MISSING = new_id("inv", AT, b"x" * 32)


def carried(shop: Shop, url: str, **query: str) -> Mapping[str, list[bytes]]:
    """The attachments of the page at `url`."""
    before = set(shop.world.files.list(f"pdf/{shop.company}/"))
    assert shop.owner.get(f"{url}/pdf", query=query).status == 303
    (key,) = set(shop.world.files.list(f"pdf/{shop.company}/")) - before
    return PdfReader(BytesIO(shop.world.files.read(key))).attachments


def test_an_issued_invoice_is_answered_as_xml(shop: Shop) -> None:
    invoice = shop.issued()
    got = shop.owner.get(f"/v1/invoices/{invoice['id']}/ubl")
    assert got.status == 200, got.text
    assert got.headers["content-type"] == "application/xml; charset=utf-8"
    assert got.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    xml = got.text.encode()
    assert refusals(xml) == arithmetic(xml) == []
    assert read(xml).text("cbc:ID") == invoice["number"]
    assert str(read(xml).amount("cac:LegalMonetaryTotal/cbc:PayableAmount")) == invoice["totals"]["payable"]
    assert shop.owner.get(f"/v1/invoices/{invoice['id']}/ubl", if_none_match=got.etag).status == 304


def test_an_issued_e_invoice_never_changes(shop: Shop) -> None:
    invoice = shop.issued()
    url = f"/v1/invoices/{invoice['id']}"
    first = shop.owner.get(f"{url}/ubl").text
    payment = {"amount": "600.00", "method": "transfer", "date": invoice["issue_date"]}
    assert shop.owner.post(f"{url}/payments", payment).status == 201
    assert shop.owner.patch("/v1/company", {"name": "Autre Nom"}, "*").status == 200
    assert shop.owner.get(f"{url}/ubl", accept_language="ar").text == first


def test_a_credit_note_is_answered_as_xml(shop: Shop) -> None:
    invoice = shop.issued()
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {"reason": "Retour"}).json
    got = shop.owner.get(f"/v1/credit-notes/{note['id']}/ubl")
    assert got.status == 200, got.text
    assert refusals(got.text.encode()) == []
    it = read(got.text.encode())
    assert it.text("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == invoice["number"]


def test_a_draft_has_none(shop: Shop) -> None:
    got = shop.owner.get(f"/v1/invoices/{shop.draft()['id']}/ubl")
    assert (got.status, got.json["code"]) == (409, "not_issued")


def test_nobody_elses(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    other, invoice = new_shop(), shop.issued()
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {}).json
    for path in (
        f"/v1/invoices/{invoice['id']}/ubl",
        f"/v1/invoices/{MISSING}/ubl",
        f"/v1/credit-notes/{note['id']}/ubl",
    ):
        assert other.owner.get(path).status == 404
    reader, _ = shop.key("parties.read")
    assert reader.get(f"/v1/invoices/{invoice['id']}/ubl").status == 403


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("path", ["invoices", "credit-notes"])
def test_the_page_carries_it_and_the_same_as_factur_x(shop: Shop, path: str, language: str) -> None:
    document = shop.issued()
    if path == "credit-notes":
        document = shop.owner.post(f"/v1/invoices/{document['id']}/credit", {}).json
    url = f"/v1/{path}/{document['id']}"
    files = carried(shop, url, lang=language)
    assert files.keys() == {f"{document['number']}.xml", "factur-x.xml"}
    assert files[f"{document['number']}.xml"] == [shop.owner.get(f"{url}/ubl").text.encode()]
    assert refusals(files["factur-x.xml"][0]) == []


def test_a_drafts_page_carries_nothing(shop: Shop) -> None:
    assert carried(shop, f"/v1/invoices/{shop.draft()['id']}") == {}


def test_a_specimen_says_so(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(mode="test")
    invoice = shop.issued()
    it = read(shop.owner.get(f"/v1/invoices/{invoice['id']}/ubl").text.encode())
    assert it.texts("cbc:Note")[0] == "Spécimen, sans valeur"
