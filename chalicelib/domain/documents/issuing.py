"""Issuing: a draft moves into the ledger, frozen, with copies of the seller and the buyer.

Our documents take the next number of their series. A document of the other party keeps the number that they gave it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.companies.party import Customer, Party
from chalicelib.domain.documents.calculation import CommercialTerms, calculate
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Buyer, DraftDocument, Issued, Registered, Seller
from chalicelib.domain.documents.numbering import current, number
from chalicelib.domain.documents.payment_mode import stated_mode
from chalicelib.domain.documents.register import RegisterEntry, document_hash, link
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import Fault, InvalidContent, invalid
from chalicelib.domain.morocco.deadlines import check_due_date, due_date

D = TypeVar("D", bound=Registered)
LONGEST_ADVANCE = timedelta(days=366)
"""The longest time between an invoice and a later operation. The rates of a later year are unknown."""


@dataclass(frozen=True)
class SeriesSlot:
    """The slot of a new document: its series before the issue, its day, the instant, its salt (16 bytes)."""

    series: Series
    day: date
    today: date
    at: datetime
    salt: bytes
    specimen: bool
    floor: date | None = None
    """The earliest day of a series that has no document yet."""


def check_day(slot: SeriesSlot, pointer: str = "/issue_date") -> None:
    """At most today in Casablanca, never before the last issued date of its series (CGI art. 145-III)."""
    if slot.day > slot.today:
        raise invalid(pointer, "issue_date_in_future", today=slot.today.isoformat())
    earliest = slot.series.last_date or slot.floor
    if earliest and slot.day < earliest:
        raise invalid(pointer, "issue_date_before_last", last=earliest.isoformat())


def issue(
    document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None, slot: SeriesSlot
) -> tuple[Issued, RegisterEntry | None, Series]:
    """The frozen document under our next number, its register entry if the kind has one, and the series after it.
    Raises InvalidContent."""
    check_day(slot)
    content = _content(document_type, draft, company, party, slot.day)
    document = document_type.issued(**_stamps(draft, slot.at), **content, **numbered(company, document_type, slot))
    return registered(document, slot) if isinstance(document, Registered) else unregistered(document, slot)


@dataclass(frozen=True)
class Received:
    """The number and the day of a document that the other party has issued, and the instant and salt of its record."""

    number: str
    day: date
    today: date
    at: datetime
    salt: bytes
    specimen: bool


def record(
    document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None, received: Received
) -> Issued:
    """The frozen document under the number that the other party gave it. Raises InvalidContent."""
    if received.day > received.today:
        raise invalid("/issue_date", "issue_date_in_future", today=received.today.isoformat())
    content = _content(document_type, draft, company, party, received.day)
    document = document_type.issued(
        **_stamps(draft, received.at),
        **content,
        number=received.number,
        issue_date=received.day,
        salt=received.salt,
        specimen=received.specimen,
        hash="",
    )
    return replace(document, hash=document_hash(document))


def _stamps(draft: DraftDocument, at: datetime) -> dict[str, Any]:
    return {
        "company": draft.company,
        "id": draft.id,
        "version": draft.version + 1,
        "created_at": draft.created_at,
        "updated_at": at,
    }


def _content(
    document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None, day: date
) -> dict[str, Any]:
    """The draft's content as it is frozen, calculated again by the rates of the day of the operation."""
    _check_ready(document_type, draft, company, party)
    assert party is not None  # noqa: S101 — _check_ready has refused; this tells the type checker
    operation = draft.operation_date or day
    if operation > day + LONGEST_ADVANCE:
        raise invalid("/operation_date", "operation_date_in_future")
    terms = CommercialTerms(draft.discount, draft.settlement, draft.reverse_charge, operation)
    customer = party if isinstance(party, Customer) else None
    calculated = calculate(draft.lines, terms, company, customer, ours=document_type.party == "buyer")
    content = {
        "operation_date": operation,
        "due_date": _due(draft, company, party, day),
        "language": draft.language or party.language,
        "settlement": draft.settlement,
        "payment_mode": stated_mode(draft),
        "reverse_charge": draft.reverse_charge,
        document_type.person: party.id,
        "lines": calculated.lines,
        "discount": draft.discount,
        "totals": calculated.totals,
        "expected_withholding": calculated.expected_withholding,
        "notes": draft.notes,
        **{name: getattr(draft, name) for name in document_type.entered},
    }
    seller, buyer = parties_of(document_type, company, party)
    return content | {"seller": seller, "buyer": buyer}


def parties_of(
    document_type: DocumentType, company: Company, party: Party | None
) -> tuple[Seller | None, Buyer | None]:
    """The seller and the buyer as a document of this kind freezes them. One of them is None without the other party."""
    if document_type.party == "seller":
        return supplier_of(party) if party else None, buying(company)
    return seller_of(company), buyer_of(party) if party else None


def numbered(company: Company, document_type: DocumentType, slot: SeriesSlot) -> dict[str, Any]:
    """The attributes of a document that come from its slot: number, day, salt, and its place in the register."""
    found = {
        "number": number(current(company, document_type.kind), slot.day, slot.series.next),
        "issue_date": slot.day,
        "salt": slot.salt,
        "specimen": slot.specimen,
        "hash": "",
    }
    place = {"series": slot.series.id, "position": slot.series.next, "chain": ""}
    return found | place if document_type.registered else found


def registered(document: D, slot: SeriesSlot) -> tuple[D, RegisterEntry, Series]:
    """The document with its hash and chain, its register entry, and the series after it."""
    hashed = document_hash(document)
    chain = link(slot.series.chain, hashed)
    chained = replace(document, hash=hashed, chain=chain)
    entry = RegisterEntry(
        **new_row(document.company, document.id, slot.at),
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
    following = slot.series.edited(slot.at, next=slot.series.next + 1, last_date=slot.day, chain=chain)
    return chained, entry, following


def unregistered(document: Issued, slot: SeriesSlot) -> tuple[Issued, None, Series]:
    """A document of a series outside the register: with its hash, no entry, and the series after it."""
    following = slot.series.edited(slot.at, next=slot.series.next + 1, last_date=slot.day)
    return replace(document, hash=document_hash(document)), None, following


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


def supplier_of(supplier: Party) -> Seller:
    """A supplier's identity as the seller of their document."""
    names = ("name", "address", "ice", "tax_id", "trade_register", "email", "phone")
    return Seller(**{name: getattr(supplier, name) for name in names})


def buyer_of(customer: Party) -> Buyer:
    """The buyer's identity as documents freeze it."""
    names = ("name", "kind", "address", "ice", "ice_missing_reason", "tax_id", "trade_register", "email", "phone")
    return Buyer(**{name: getattr(customer, name) for name in names})


def buying(company: Company) -> Buyer:
    """Our identity as the buyer of a supplier's document."""
    names = ("name", "address", "ice", "tax_id", "trade_register", "email", "phone")
    return Buyer(kind="business", **{name: getattr(company, name) for name in names})


def _check_ready(document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None) -> None:
    faults, named = [], document_type.person_of(draft)
    if named is None:
        faults.append(Fault(f"/{document_type.person}", f"{document_type.counterparty}_required"))
    elif party is None:
        faults.append(Fault(f"/{document_type.person}", f"unknown_{document_type.counterparty}", {"id": named}))
    if not draft.lines:
        faults.append(Fault("/lines", "lines_required"))
    faults += [Fault(f"/{name}", "missing") for name in document_type.required if getattr(draft, name) is None]
    if not company.address.city:
        faults.append(Fault("", "seller_address_missing"))
    if faults:
        raise InvalidContent(*faults)


def _due(draft: DraftDocument, company: Company, party: Party, day: date) -> date:
    """Law 69-21: the agreed day, else the party's terms, else the company's, 60 days by default."""
    if draft.due_date is None:
        days = party.payment_terms_days if party.payment_terms_days is not None else company.payment_terms_days
        return due_date(day, days)
    if finding := check_due_date(day, draft.due_date):
        raise invalid("/due_date", finding.code, **dict(finding.params))
    return draft.due_date
