"""Issuing: a draft crosses into the ledger under its series' next number, frozen with seller and buyer copied in."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.domain.company import Company, Series
from chalicelib.domain.documents.calculation import Terms, calculate
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.model import Buyer, Registered, Seller
from chalicelib.domain.documents.numbering import current, number
from chalicelib.domain.documents.register import RegisterEntry, document_hash, link
from chalicelib.domain.errors import Fault, InvalidContent, invalid
from chalicelib.domain.morocco.deadlines import check_due_date, due_date
from chalicelib.domain.party import Customer

D = TypeVar("D", bound=Registered)
LONGEST_ADVANCE = timedelta(days=366)
"""How far ahead of its invoice an operation may lie: nobody knows the rates of a later year."""


@dataclass(frozen=True)
class Place:
    """Where and when a document is issued: its series as it stands, its day, the instant, its salt (16 bytes)."""

    series: Series
    day: date
    today: date
    at: datetime
    salt: bytes
    specimen: bool
    floor: date | None = None
    """The earliest day of a series that has no document yet."""


def check_day(place: Place, pointer: str = "/issue_date") -> None:
    """At most today in Casablanca, never before the last issued date of its series (CGI art. 145-III)."""
    if place.day > place.today:
        raise invalid(pointer, "issue_date_in_future", today=place.today.isoformat())
    earliest = place.series.last_date or place.floor
    if earliest and place.day < earliest:
        raise invalid(pointer, "issue_date_before_last", last=earliest.isoformat())


def issue(
    draft: Draft, company: Company, customer: Customer | None, place: Place
) -> tuple[Invoice, RegisterEntry, Series]:
    """The frozen invoice, its register entry and the series after it. Raises InvalidContent."""
    check_day(place)
    _check_ready(draft, company, customer)
    assert customer is not None  # noqa: S101 — _check_ready has refused; this tells the type checker
    operation = draft.operation_date or place.day
    if operation > place.day + LONGEST_ADVANCE:
        raise invalid("/operation_date", "operation_date_in_future")
    terms = Terms(draft.discount, draft.settlement, draft.reverse_charge, operation)
    calculated = calculate(draft.lines, terms, company, customer)
    invoice = Invoice(
        company=draft.company,
        id=draft.id,
        version=draft.version + 1,
        created_at=draft.created_at,
        updated_at=place.at,
        operation_date=operation,
        due_date=_due(draft, company, customer, place.day),
        language=draft.language or customer.language,
        settlement=draft.settlement,
        reverse_charge=draft.reverse_charge,
        customer=customer.id,
        buyer=buyer_of(customer),
        lines=calculated.lines,
        discount=draft.discount,
        totals=calculated.totals,
        notes=draft.notes,
        **numbered(company, "invoice", place),
    )
    return registered(invoice, place)


def numbered(company: Company, document: str, place: Place) -> dict[str, Any]:
    """What every issued document takes from its place: number, series, day, the seller as it is now."""
    return {
        "number": number(current(company, document), place.day, place.series.next),
        "series": place.series.id,
        "position": place.series.next,
        "issue_date": place.day,
        "salt": place.salt,
        "seller": seller_of(company),
        "specimen": place.specimen,
        "hash": "",
        "chain": "",
    }


def registered(document: D, place: Place) -> tuple[D, RegisterEntry, Series]:
    """The document with its hash and chain, its register entry, and the series advanced by one."""
    hashed = document_hash(document)
    chain = link(place.series.chain, hashed)
    sealed = replace(document, hash=hashed, chain=chain)
    entry = RegisterEntry(
        company=document.company,
        id=document.id,
        created_at=place.at,
        updated_at=place.at,
        series=document.series,
        position=document.position,
        number=document.number,
        document=document.id,
        document_kind=document.KIND,
        issue_date=document.issue_date,
        gross=document.totals.gross,
        hash=hashed,
        chain=chain,
    )
    advanced = place.series.edited(place.at, next=place.series.next + 1, last_date=place.day, chain=chain)
    return sealed, entry, advanced


def seller_of(company: Company) -> Seller:
    """The seller's identity as its documents freeze it."""
    names = (
        "name",
        "legal_form",
        "regime",
        "address",
        "ice",
        "tax_id",
        "trade_register",
        "business_tax",
        "cnss",
        "share_capital",
        "rib",
        "email",
        "phone",
        "logo",
    )
    return Seller(**{name: getattr(company, name) for name in names})


def buyer_of(customer: Customer) -> Buyer:
    """The buyer's identity as documents freeze it."""
    names = ("name", "kind", "address", "ice", "ice_missing_reason", "tax_id", "trade_register", "email", "phone")
    return Buyer(**{name: getattr(customer, name) for name in names})


def _check_ready(draft: Draft, company: Company, customer: Customer | None) -> None:
    faults = []
    if draft.customer is None:
        faults.append(Fault("/customer", "customer_required"))
    elif customer is None:
        faults.append(Fault("/customer", "unknown_customer", {"id": draft.customer}))
    if not draft.lines:
        faults.append(Fault("/lines", "lines_required"))
    if not company.address.city:
        faults.append(Fault("", "seller_address_missing"))
    if faults:
        raise InvalidContent(*faults)


def _due(draft: Draft, company: Company, customer: Customer, day: date) -> date:
    """Law 69-21: the agreed day, else the customer's terms, else the company's, 60 days by default."""
    if draft.due_date is None:
        days = customer.payment_terms_days if customer.payment_terms_days is not None else company.payment_terms_days
        return due_date(day, days)
    if finding := check_due_date(day, draft.due_date):
        raise invalid("/due_date", finding.code, **dict(finding.params))
    return draft.due_date
