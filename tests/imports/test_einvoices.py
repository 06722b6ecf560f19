"""E-invoices as files of records: our own in both syntaxes, and hostile ones."""

from typing import Any

import pytest

from chalicelib.services.imports import einvoice
from chalicelib.services.imports.sheet import Sheet, Unreadable
from tests.conftest import Shop
from tests.imports.files import analysed, committed, every


def _cells(sheet: Sheet) -> list[dict[str, Any]]:
    return [dict(zip(sheet.titles, row.cells, strict=True)) for row in sheet.rows]


def _ubl(shop: Shop) -> bytes:
    text = shop.owner.get(f"/v1/invoices/{shop.issued()['id']}/ubl").text
    return text.encode()


def _pdf(shop: Shop) -> bytes:
    """The page of an issued invoice, with its Factur-X."""
    from urllib.request import urlopen

    shown = shop.owner.get(f"/v1/invoices/{shop.issued()['id']}/pdf", accept="application/json")
    with urlopen(shown.json["url"]) as answered:
        content: bytes = answered.read()
    return content


def test_both_syntaxes_of_an_invoice_have_the_same_rows(shop: Shop) -> None:
    ubl, pdf = _ubl(shop), _pdf(shop)
    for kind in ("suppliers", "customers", "items"):
        found = _cells(einvoice.read(kind, ubl))
        assert found == _cells(einvoice.read(kind, pdf))
        assert len(found) == 1
    (seller,) = _cells(einvoice.read("suppliers", ubl))
    assert (seller["name"], seller["ice"], seller["address.city"]) == ("Boutique Exemple", "002136093000040", "Fès")
    (line,) = _cells(einvoice.read("items", ubl))
    assert (line["name"], line["unit_price"], line["vat_rate"]) == ("Conseil", "1500.00", "20")


def test_an_invoice_becomes_a_supplier(shop: Shop) -> None:
    found = analysed(shop, "suppliers", _ubl(shop), "application/xml")
    assert (found["refusals"], found["counts"]["new"]) == ([], 1)
    committed(shop, found["id"])
    (supplier,) = every(shop, "suppliers")
    assert (supplier["name"], supplier["kind"], supplier["ice"]) == ("Boutique Exemple", "business", "002136093000040")


def test_totals_that_do_not_add_up_are_refused(shop: Shop) -> None:
    ubl = _ubl(shop)
    gross = b">%s</cbc:TaxInclusiveAmount>"
    assert ubl.count(gross % b"3600.00") == 1
    with pytest.raises(Unreadable) as refused:
        einvoice.read(
            "suppliers", ubl.replace(b">3600.00</cbc:TaxInclusiveAmount>", b">3600.02</cbc:TaxInclusiveAmount>")
        )
    assert refused.value.code == "einvoice_totals"


BOMB = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><Invoice>&c;</Invoice>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Invoice>&b;</Invoice>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BOMB, "xml_entities"),
        (OUTSIDE, "xml_entities"),
        (b"<Invoice>" + b"<a>" * 100 + b"</a>" * 100 + b"</Invoice>", "einvoice_malformed"),
        (b"<Order/>", "einvoice_malformed"),
        (b"<Invoice", "einvoice_malformed"),
        (b"<Invoice>" + b" " * 2_000_000 + b"</Invoice>", "file_too_large"),
        (b"%PDF-1.7\n%%EOF\n", "einvoice_malformed"),
        (b"%PDF-1.7 " + bytes(range(256)) * 20, "einvoice_malformed"),
    ],
)
def test_a_hostile_invoice_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        einvoice.read("suppliers", content)
    assert refused.value.code == code
