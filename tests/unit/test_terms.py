"""The terms of a document: who is bound by law 69-21, and what older documents say of it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.companies.company import Address
from chalicelib.domain.documents.balance import fresh, left
from chalicelib.domain.documents.model import VatShare
from chalicelib.domain.documents.terms import bound_when_issued, fined_when_late
from chalicelib.services.documents.view import issued_view
from chalicelib.services.representation.late_payment import present_late_fine
from tests.unit.samples import DAY, company, customer, issued, line

TWELVE_THOUSAND = VatShare(rate=Decimal(20), base=Decimal(10000), amount=Decimal(2000))
ABROAD = Address(city="Lyon", country="FR")


@pytest.mark.parametrize(
    ("buyer", "printed", "fined"),
    [({}, True, True), ({"kind": "consumer"}, False, False), ({"address": ABROAD}, True, False)],
)
def test_an_older_page_stays_as_it_was(buyer: dict[str, Any], *, printed: bool, fined: bool) -> None:
    older = replace(issued(buyer=customer(**buyer)), terms_law=None)
    assert (bound_when_issued(older), fined_when_late(older)) == (printed, fined)


@pytest.mark.parametrize(
    ("seller", "buyer", "bound"),
    [
        ({}, {}, True),
        ({}, {"address": ABROAD}, False),
        ({}, {"kind": "consumer"}, False),
        ({}, {"terms_law": False}, False),
        ({"payment_terms_law": False}, {}, False),
        ({"regime": "auto_entrepreneur"}, {}, False),
    ],
)
def test_the_page_mentions_the_fine_only_where_the_law_binds(
    seller: dict[str, Any], buyer: dict[str, Any], *, bound: bool
) -> None:
    """Code de commerce art. 78-3."""
    rate = "0" if seller.get("regime") else "20"
    document = issued(line(rate=rate), seller=company(**seller), buyer=customer(**buyer))
    assert document.terms_law is bound
    assert any("78-3" in mention for mention in issued_view(document, "fr").mentions) is bound


def test_the_fine_is_on_what_is_unpaid_with_tax_and_without_stamp_duty() -> None:
    document = issued(line("1", "100000"), settlement="cash", due_date=DAY)
    assert document.totals.payable == Decimal("120300.00")
    fine = present_late_fine(document, None, DAY + timedelta(days=1))
    assert fine is not None
    assert (fine["base"], fine["estimate"], fine["owed_to"]) == ("120000.00", "2700.00", "treasury")
    part = replace(fresh(document), paid=Decimal(60000), credited=Decimal(12000), vat=(TWELVE_THOUSAND,))
    paid = present_late_fine(document, part, DAY + timedelta(days=1))
    assert paid is not None
    assert (paid["base"], left(document, part)) == ("48000.00", Decimal("48300.00"))
    assert present_late_fine(document, None, DAY) is None
    assert present_late_fine(document, None, None) is None


def test_an_invoice_may_be_overdue_when_it_is_issued() -> None:
    document = issued(operation_date=date(2026, 9, 10))
    assert document.due_date == date(2026, 11, 29)
    assert issued(operation_date=date(2026, 8, 31), due_date=date(2026, 9, 1)).due_date == date(2026, 9, 1)
