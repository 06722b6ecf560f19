"""Archiving: an earlier invoice, as a file states it, becomes a frozen document with the number that it had.

The file is the original. Its sums stay as they are if its lines agree with them, within what other programs round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.archived_invoice import SERIES, ArchivedInvoice, archived_id
from chalicelib.domain.documents.archived_totals import EarlierLine, EarlierSums, totals_of
from chalicelib.domain.documents.issuing import seller_of
from chalicelib.domain.documents.model import Buyer, Discount, Totals
from chalicelib.domain.documents.payment_mode import Method, mode_of, settlement_of
from chalicelib.domain.documents.register import document_hash
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import Fault, invalid
from chalicelib.domain.language import Language
from chalicelib.domain.metadata import Metadata
from chalicelib.domain.money import CENT, ZERO, amount_text
from chalicelib.domain.morocco.deadlines import Dealing, due_date
from chalicelib.domain.text import words

EarlierStatus = Literal["issued", "partially_paid", "paid"]
OTHER: Final = "other"
"""The earlier software of a file that names none."""
LONGEST_SERIES: Final = 40
_COMPARED: Final = (
    "number",
    "series",
    "issue_date",
    "operation_date",
    "due_date",
    "lines",
    "totals",
    "settled_before",
    "notes",
    "buyer_reference",
    "order_reference",
    "metadata",
)


@dataclass(frozen=True, kw_only=True)
class EarlierInvoice:
    """An invoice as a file states it; amounts in dirhams. None is what the file does not say. `paid` and `balance` are
    as of the file."""

    number: str
    series: str
    issue_date: date
    buyer: Buyer
    lines: Sequence[EarlierLine]
    sums: EarlierSums
    operation_date: date | None = None
    due_date: date | None = None
    language: Language | None = None
    status: EarlierStatus | None = None
    paid: Decimal | None = None
    balance: Decimal | None = None
    payment_mode: Method | None = None
    notes: str | None = None
    buyer_reference: str | None = None
    order_reference: str | None = None
    metadata: Metadata | None = None

    @property
    def id(self) -> str:
        """The id of its document."""
        return archived_id(self.series, self.number)


@dataclass(frozen=True)
class ArchiveSlot:
    """The instant and the salt of a new archived invoice, and whether it is a specimen of a test company."""

    at: datetime
    salt: bytes
    specimen: bool


def series_of(name: str | None) -> str:
    """The series of the invoices of an earlier software: `imported:sage-100`."""
    found = "-".join(words((name or "").removeprefix(SERIES)))[:LONGEST_SERIES]
    return f"{SERIES}{found or OTHER}"


def archived(
    company: Company, earlier: EarlierInvoice, customer: Customer | None, slot: ArchiveSlot
) -> ArchivedInvoice:
    """The frozen document of an earlier invoice. The seller is the company as it is now, because files do not state
    it. Raises InvalidContent."""
    if earlier.issue_date > (now := today(slot.at)):
        raise invalid("/issue_date", "issue_date_in_future", today=now.isoformat())
    day = earlier.operation_date or earlier.issue_date
    lines, totals = totals_of(earlier.lines, earlier.sums, day)
    settled = _settled(earlier, totals)
    if settled < totals.gross and customer is None:
        raise invalid("/buyer/name", "debt_without_customer")
    document = ArchivedInvoice(
        **new_row(company.company, earlier.id, slot.at),
        number=earlier.number,
        series=earlier.series,
        customer=customer.id if customer else None,
        settled_before=settled,
        issue_date=earlier.issue_date,
        operation_date=day,
        due_date=earlier.due_date or due_date(Dealing(earlier.issue_date, day)),
        language=earlier.language or (customer.language if customer else company.language),
        payment_mode=earlier.payment_mode,
        settlement=settlement_of(earlier.payment_mode),
        specimen=slot.specimen,
        seller=seller_of(company),
        buyer=earlier.buyer,
        lines=lines,
        discount=Discount(amount=totals.discount) if totals.discount else None,
        totals=totals,
        notes=earlier.notes,
        buyer_reference=earlier.buyer_reference,
        order_reference=earlier.order_reference,
        metadata=earlier.metadata,
        salt=slot.salt,
        hash="",
    )
    return replace(document, hash=document_hash(document))


def _settled(earlier: EarlierInvoice, totals: Totals) -> Decimal:
    """The part that was settled: all of it, unless the file says that something is due. Raises InvalidContent."""
    gross = totals.gross
    if earlier.balance is not None:
        settled = gross - earlier.balance
        if settled < 0 or (earlier.paid is not None and abs(min(earlier.paid, gross) - settled) > CENT):
            calculated = amount_text(gross - min(earlier.paid or ZERO, gross))
            raise invalid("/balance", "sums_differ", stated=amount_text(earlier.balance), calculated=calculated)
        return settled
    if earlier.paid is not None:
        return min(earlier.paid, gross)
    if earlier.status == "partially_paid":
        raise invalid("/balance", "missing")
    return ZERO if earlier.status == "issued" else gross


def doubts(earlier: EarlierInvoice, document: ArchivedInvoice) -> Iterator[Fault]:
    """The doubts that a person should see before the commit: a file that contradicts itself about what is due,
    and money beyond the total, which the document cannot state."""
    gross = document.totals.gross
    due = gross - document.settled_before
    if gross and earlier.status and (earlier.status == "paid") != (due == 0):
        yield Fault("/status", "status_contradicts", {"due": amount_text(due)})
    if earlier.paid is not None and earlier.paid > gross:
        yield Fault("/paid", "paid_exceeds_total", {"total": amount_text(gross)})


def without_customer(document: ArchivedInvoice) -> ArchivedInvoice | None:
    """The document without its customer, who was deleted meanwhile; None if the customer owes something of it."""
    if document.settled_before < document.totals.gross:
        return None
    alone = replace(document, customer=None)
    return replace(alone, hash=document_hash(alone))


def says_the_same(known: ArchivedInvoice, made: ArchivedInvoice) -> bool:
    """Whether the archive has an invoice as a file states it. The seller and the customer come from the company."""
    return (
        all(getattr(known, name) == getattr(made, name) for name in _COMPARED)
        and mode_of(known) == mode_of(made)
        and replace(known.buyer, kind=made.buyer.kind) == made.buyer
    )
