"""Issuing: what is frozen, what is refused, what the hash commits to."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.companies.company import Address
from chalicelib.domain.documents import issuing
from chalicelib.domain.documents.invoice import INVOICE, Draft
from chalicelib.domain.documents.model import ExpectedWithholding
from chalicelib.domain.documents.numbering import current, opened
from chalicelib.domain.documents.register import document_hash, genesis, link
from chalicelib.domain.errors import InvalidContent
from tests.unit.samples import AT, DAY, company, customer, draft, issued, line


def _place(**changes: Any) -> issuing.SeriesSlot:
    series = opened(company(), current(company(), "invoice"), DAY, AT)
    known: dict[str, Any] = {"series": series, "day": DAY, "today": DAY, "at": AT, "salt": b"s" * 16, "specimen": False}
    return issuing.SeriesSlot(**(known | changes))


def test_the_snapshot_copies_seller_and_buyer_in() -> None:
    invoice = issued()
    assert (invoice.number, invoice.position, invoice.series) == ("FA-2026-00001", 1, "FA-2026")
    assert (invoice.seller.ice, invoice.buyer.name) == ("002136093000040", "Client Exemple")
    assert invoice.totals.gross == Decimal("3600.00")
    assert invoice.lines[0].net == Decimal("3000.00")
    assert invoice.due_date == DAY + timedelta(days=60)


def test_the_chain_begins_at_the_company_and_series_and_links_each_hash() -> None:
    invoice = issued()
    assert invoice.chain == link(genesis("cmp_01", "FA-2026"), invoice.hash)
    assert genesis("cmp_01", "FA-2026") != genesis("cmp_02", "FA-2026")


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "FA-2026-00002"},
        {"notes": "x"},
        {"customer": "cus_02"},
        {"issue_date": DAY - timedelta(days=1)},
        {"salt": b"t" * 16},
    ],
)
def test_the_hash_changes_with_every_frozen_attribute(changes: dict[str, Any]) -> None:
    invoice = issued()
    assert document_hash(invoice) == invoice.hash
    assert document_hash(replace(invoice, **changes)) != invoice.hash


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"customer": None}, "/customer", "customer_required"),
        ({"lines": ()}, "/lines", "lines_required"),
        ({"due_date": DAY - timedelta(days=1)}, "/due_date", "due_before_issue"),
        ({"due_date": DAY + timedelta(days=121)}, "/due_date", "payment_terms_too_long"),
        ({"lines": (line(rate="14"),)}, "/lines/0/vat_rate", "vat_rate_not_in_force"),
        ({"lines": (line(), line(rate="0"))}, "/lines/1/exemption", "exemption_required"),
    ],
)
def test_a_draft_that_is_not_ready_is_refused_with_a_pointer(changed: dict[str, Any], pointer: str, code: str) -> None:
    unready: Draft = replace(draft(), **changed)
    buyer = customer() if unready.customer else None
    with pytest.raises(InvalidContent) as refused:
        issuing.issue(INVOICE, unready, company(), buyer, _place())
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)]


def test_a_deleted_customer_and_a_seller_without_a_town_are_refused() -> None:
    with pytest.raises(InvalidContent) as refused:
        issuing.issue(INVOICE, draft(), company(address=Address()), None, _place())
    assert [fault.code for fault in refused.value.faults] == ["unknown_customer", "seller_address_missing"]


def test_the_day_is_at_most_today_and_never_before_the_last_of_the_series() -> None:
    with pytest.raises(InvalidContent, match="invalid_content") as refused:
        issuing.issue(INVOICE, draft(), company(), customer(), _place(day=DAY + timedelta(days=1)))
    assert refused.value.faults[0].code == "issue_date_in_future"
    later = replace(_place().series, last_date=DAY)
    with pytest.raises(InvalidContent) as refused:
        issuing.issue(INVOICE, draft(), company(), customer(), _place(series=later, day=DAY - timedelta(days=1)))
    assert refused.value.faults[0].code == "issue_date_before_last"
    behind = replace(_place().series, last_date=date(2026, 1, 5))
    with pytest.raises(InvalidContent) as refused:
        issuing.issue(INVOICE, draft(), company(), customer(), _place(series=behind, last=DAY, day=date(2026, 1, 6)))
    assert dict(refused.value.faults[0].params) == {"last": DAY.isoformat()}


def test_the_first_document_of_a_kind_is_not_before_the_first_day_of_the_month() -> None:
    assert issuing.issue(INVOICE, draft(), company(), customer(), _place(day=DAY.replace(day=1)))[0].issue_date.day == 1
    with pytest.raises(InvalidContent) as refused:
        issuing.issue(INVOICE, draft(), company(), customer(), _place(day=DAY.replace(day=1) - timedelta(days=1)))
    fault = refused.value.faults[0]
    assert (fault.code, fault.params) == ("first_issue_date_too_early", {"earliest": "2026-11-01"})


def test_the_rate_is_that_of_the_operation_not_of_the_issue() -> None:
    old = draft(line(rate="14"), operation_date=date(2023, 5, 2))
    invoice, entry, series = issuing.issue(INVOICE, old, company(), customer(), _place())
    assert invoice.totals.vat_total == Decimal("420.00")
    assert entry is not None
    assert (entry.number, series.next, series.last_date) == (invoice.number, 2, DAY)


def test_an_auto_entrepreneur_charges_no_vat_and_needs_no_article() -> None:
    seller = company(regime="auto_entrepreneur", person="individual")
    assert issued(line(rate="0"), seller=seller).totals.vat_total == 0
    with pytest.raises(InvalidContent) as refused:
        issued(line(rate="20"), seller=seller)
    assert refused.value.faults[0].code == "vat_not_charged"


def test_a_public_body_is_expected_to_withhold_three_quarters_of_the_vat_on_services() -> None:
    invoice = issued(line("1", "10000"), buyer=customer(kind="public_body", withholder="public_body"))
    assert invoice.expected_withholding == ExpectedWithholding(vat=Decimal("1500.00"), fees=Decimal(0))
    assert (invoice.totals.withheld, invoice.totals.payable) == (Decimal(0), Decimal("12000.00"))


def test_a_document_declared_in_cash_bears_its_stamp() -> None:
    invoice = issued(line("1", "10000"), settlement="cash")
    assert (invoice.totals.stamp_duty, invoice.totals.payable) == (Decimal("30.00"), Decimal("12030.00"))


@pytest.mark.parametrize(
    ("regime", "kind", "day", "codes"),
    [
        ("standard", "business", DAY, ["reverse_charge_taxable_seller", "exemption_required"]),
        ("cpu", "consumer", DAY, ["reverse_charge_consumer"]),
        ("cpu", "business", date(2024, 6, 30), ["reverse_charge_too_early"]),
    ],
)
def test_a_void_reverse_charge_is_refused(regime: str, kind: str, day: date, codes: list[str]) -> None:
    """It is the buyer's, on purchases from sellers outside TVA, since 1 July 2024 (CGI art. 115, 117, LF 2024)."""
    unready = draft(line(rate="0"), reverse_charge=True, operation_date=day)
    with pytest.raises(InvalidContent) as refused:
        issuing.issue(INVOICE, unready, company(regime=regime), customer(kind=kind), _place())
    assert [fault.code for fault in refused.value.faults] == codes
    assert refused.value.faults[0].pointer == "/reverse_charge"


def test_a_seller_outside_vat_may_state_reverse_charge() -> None:
    unready = draft(line(rate="0"), reverse_charge=True, operation_date=date(2024, 7, 1))
    invoice = issuing.issue(INVOICE, unready, company(regime="cpu"), customer(), _place())[0]
    assert (invoice.reverse_charge, invoice.totals.vat_total) == (True, Decimal(0))
