"""Obvious sample data: a Casablanca company, its customer, lines and an issued invoice."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.companies.company import Address, Company
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents import issuing
from chalicelib.domain.documents.invoice import INVOICE, Draft, Invoice
from chalicelib.domain.documents.model import Line, Totals
from chalicelib.domain.documents.numbering import current, opened

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
STAMPS: dict[str, Any] = {"company": "cmp_01", "created_at": AT, "updated_at": AT}
ZERO = Decimal(0)
NOTHING = Totals(
    lines=ZERO,
    discount=ZERO,
    net=ZERO,
    vat=(),
    vat_total=ZERO,
    gross=ZERO,
    stamp_duty=ZERO,
    withheld_vat=ZERO,
    withheld_fees=ZERO,
    payable=ZERO,
)


def company(**changes: Any) -> Company:
    """An SARL in Casablanca with a valid ICE."""
    known: dict[str, Any] = {
        "id": "cmp_01",
        "name": "Atlas Négoce",
        "legal_form": "SARL",
        "policy_version": "2026-11-23",
        "address": Address(street="12 rue Ibn Batouta", city="Casablanca"),
        "ice": "002136093000040",
        "tax_id": "12345678",
        "trade_register": "123456",
        "business_tax": "34567890",
    }
    return Company(**STAMPS, **(known | changes))


def customer(**changes: Any) -> Customer:
    """A business customer in Fès."""
    known: dict[str, Any] = {
        "id": "cus_01",
        "name": "Client Exemple",
        "kind": "business",
        "ice": "002136093000040",
        "address": Address(street="1 rue Talaa", city="Fès"),
    }
    return Customer(**STAMPS, **(known | changes))


def line(quantity: str = "2", price: str = "1500", rate: str = "20", **changes: Any) -> Line:
    """A line of services."""
    known: dict[str, Any] = {"description": "Conseil", "nature": "services"}
    return Line(quantity=Decimal(quantity), unit_price=Decimal(price), vat_rate=Decimal(rate), **(known | changes))


def draft(*lines: Line, **changes: Any) -> Draft:
    """A draft for the sample customer."""
    known: dict[str, Any] = {"id": "inv_01", "customer": "cus_01", "lines": lines or (line(),), "totals": NOTHING}
    return Draft(**STAMPS, **(known | changes))


def issued(*lines: Line, seller: Company | None = None, buyer: Customer | None = None, **changes: Any) -> Invoice:
    """The sample draft, issued as the first of its series. Under reverse charge it is a document of an earlier version,
    which let every seller use it."""
    seller, reverse_charge = seller or company(), changes.pop("reverse_charge", False)
    series = opened(seller, current(seller, "invoice"), DAY, AT)
    place = issuing.SeriesSlot(series=series, day=DAY, today=DAY, at=AT, salt=b"s" * 16, specimen=False)
    issuer = replace(seller, regime="cpu") if reverse_charge else seller
    invoice = issuing.issue(INVOICE, draft(*lines, **changes), issuer, buyer or customer(), place)[0]
    assert isinstance(invoice, Invoice)
    if reverse_charge:
        reversed_by = replace(invoice, seller=issuing.seller_of(seller), reverse_charge=True)
        return issuing.registered(reversed_by, place)[0]
    return invoice
