"""Issuing: a draft moves into the ledger, frozen, with copies of the seller and the buyer.

Our documents take the next number of their series. A document of the other party keeps the number that they gave it.
"""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.domain.companies.company import Company, Series, vat_basis
from chalicelib.domain.companies.party import Customer, Party
from chalicelib.domain.companies.template import digest_of
from chalicelib.domain.documents.calculation import calculate
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import (
    EINVOICE_EDITION,
    Buyer,
    DraftDocument,
    Issued,
    Registered,
    Seller,
    references_of,
)
from chalicelib.domain.documents.numbering import current, number
from chalicelib.domain.documents.payment_mode import stated_mode
from chalicelib.domain.documents.readiness import Situation, require_ready
from chalicelib.domain.documents.register import RegisterEntry, document_hash, link
from chalicelib.domain.documents.terms import bound_by_terms_law, due, stamp_exemption, terms_of
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import invalid

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
    last: date | None = None
    """The day of the last document of this kind in any series; None for the first document of its kind."""
    issued_before: bool = False
    """Whether the company has issued a document of any kind."""

    @property
    def situation(self) -> Situation:
        """The state of the company on the day of the issue."""
        return Situation(self.today, self.specimen, self.issued_before)


def check_day(slot: SeriesSlot, pointer: str = "/issue_date") -> None:
    """At most today in Casablanca, never before the last document of its kind in any series or year. The first document
    of a kind: not before the first day of the current month. Derived from the continuous series of CGI art.
    145-III. The operation's date stays free. Raises InvalidContent."""
    if slot.day > slot.today:
        raise invalid(pointer, "issue_date_in_future", today=slot.today.isoformat())
    if last := max(filter(None, (slot.series.last_date, slot.last)), default=None):
        if slot.day < last:
            raise invalid(pointer, "issue_date_before_last", last=last.isoformat())
    elif slot.day < (earliest := slot.today.replace(day=1)):
        raise invalid(pointer, "first_issue_date_too_early", earliest=earliest.isoformat())


def issue(
    document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None, slot: SeriesSlot
) -> tuple[Issued, RegisterEntry | None, Series]:
    """The frozen document under our next number, its register entry if the kind has one, and the series after it.
    Raises InvalidContent."""
    check_day(slot)
    content = _content(document_type, draft, company, party, slot.day, slot.situation)
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
    situation = Situation(received.today, received.specimen, issued_before=False)
    content = _content(document_type, draft, company, party, received.day, situation)
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
    document_type: DocumentType,
    draft: DraftDocument,
    company: Company,
    party: Party | None,
    day: date,
    situation: Situation,
) -> dict[str, Any]:
    """The draft's content as it is frozen, calculated again by the rates of the day of the operation."""
    party = require_ready(document_type, draft, company, party, situation)
    terms = terms_of({each.name: getattr(draft, each.name) for each in fields(draft)}, day)
    if terms.day > day + LONGEST_ADVANCE:
        raise invalid("/operation_date", "operation_date_in_future")
    customer, ours = party if isinstance(party, Customer) else None, document_type.party == "buyer"
    calculated = calculate(draft.lines, terms, company, customer, ours=ours)
    content = {
        "operation_date": terms.day,
        "due_date": due(terms, company, party),
        "service_done_on": draft.service_done_on,
        "terms_end_of_month": draft.terms_end_of_month,
        "terms_law": bound_by_terms_law(company, party) if ours else None,
        "vat_basis": vat_basis(company, day) if ours else None,
        "stamp_exemption": stamp_exemption(terms, company) if ours else None,
        "buyer_address_missing": draft.buyer_address_missing,
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
        **references_of(draft),
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
    """The attributes of a document that come from its slot and the company: number, day, salt, template, and its place
    in the register."""
    found = {
        "number": number(current(company, document_type.kind), slot.day, slot.series.next),
        "issue_date": slot.day,
        "salt": slot.salt,
        "specimen": slot.specimen,
        "template": digest_of(company.template),
        "einvoice_edition": EINVOICE_EDITION,
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
        "name_ar",
        "bank_name",
    )
    return Seller(
        **{name: getattr(company, name) for name in names},
        electronic_address=company.electronic_address or company.email,
        signature_box=company.signature_box or None,  # absent on older documents
    )


def supplier_of(supplier: Party) -> Seller:
    """A supplier's identity as the seller of their document, as `buyer_of`."""
    names = ("name", "address", "ice", "tax_id", "trade_register")
    return Seller(**{name: getattr(supplier, name) for name in names})


def buyer_of(customer: Party) -> Buyer:
    """The buyer's identity as documents freeze it: what CGI art. 145-III and law 104-12 demand. E-mail and phone stay
    on the party's record, where an erasure finds them (ADR 0117)."""
    names = ("name", "kind", "address", "ice", "ice_missing_reason", "tax_id", "trade_register")
    return Buyer(**{name: getattr(customer, name) for name in names})


def buying(company: Company) -> Buyer:
    """Our identity as the buyer of a supplier's document, as `buyer_of`."""
    names = ("name", "address", "ice", "tax_id", "trade_register")
    return Buyer(kind="business", **{name: getattr(company, name) for name in names})
