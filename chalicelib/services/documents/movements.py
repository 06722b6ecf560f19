"""The rows that one commit moves in the ledger: payments, balances, entries of unapplied credit.

One commit may move a row several times. `Movements` holds its latest state, so that a balance never goes below zero
in between.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.documents.balance import Balance, freed_by_credit, fresh, moved, owing
from chalicelib.domain.documents.credit_entry import CreditEntry, CreditSource, CreditUse, oldest_first
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import (
    Payment,
    PaymentId,
    additional_stamp_duty,
    applied,
)
from chalicelib.domain.documents.registry import by_balance, payable_by_id, person_of
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound, NotIssued, Refusal
from chalicelib.domain.money import ZERO
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Movements:
    """The rows of one commit in their latest state."""

    def __init__(self, snapshot: Snapshot, call: Call) -> None:
        self.snapshot = snapshot
        self.call = call
        self._new: dict[Ref, Record] = {}
        self._moved: dict[Ref, Record] = {}
        self.reopened: list[str] = []
        """The invoices that lost a payment, in this order."""

    @contextmanager
    def undone_on_refusal(self) -> Iterator[None]:
        """Undo what the block adds and moves if it raises a refusal."""
        new, moved, reopened = dict(self._new), dict(self._moved), list(self.reopened)
        try:
            yield
        except Refusal:
            self._new, self._moved, self.reopened = new, moved, reopened
            raise

    def find(self, cls: type[R], id: str, **parts: str) -> R | None:
        """The row as this commit leaves it, or None."""
        ref = cls.ref(self.call.company, id, **parts)
        row = self._new.get(ref) or self._moved.get(ref)
        return row if isinstance(row, cls) else self.snapshot.get(cls, id, **parts)

    def get(self, cls: type[R], id: str, **parts: str) -> R:
        """The row as this commit leaves it. Raises NotFound."""
        if (row := self.find(cls, id, **parts)) is None:
            raise NotFound
        return row

    def invoice(self, id: str) -> tuple[Invoice, Balance]:
        """An issued invoice and its latest balance. Raises NotIssued for a draft, NotFound."""
        document, balance = self.payable(id)
        if not isinstance(document, Invoice):
            raise NotFound
        return document, balance

    def payable(self, id: str) -> tuple[Issued, Balance]:
        """An issued document that has payments, and its latest balance. Raises NotIssued for a draft, NotFound."""
        document_type = payable_by_id(id)
        if document_type is None or document_type.balance is None:
            raise NotFound
        document = self.find(document_type.issued, id)
        if document is None:
            raise NotIssued if document_type.draft and self.find(document_type.draft, id) else NotFound
        return document, self.find(document_type.balance, id) or fresh(document, document_type.balance)

    def payment(self, id: str) -> Payment:
        """The payment with this id. Raises NotFound."""
        place = self.get(PaymentId, id)
        return self.get(Payment, id, invoice=place.invoice)

    @property
    def added(self) -> tuple[Record, ...]:
        """The new rows."""
        return tuple(self._new.values())

    def add(self, *rows: Record) -> None:
        """Add new rows."""
        self._new |= {row.key: row for row in rows}

    def move(self, row: Record) -> None:
        """Set the latest state of a row."""
        rows = self._new if row.key in self._new else self._moved
        rows[row.key] = row

    def overdrawn(self) -> str | None:
        """The id of a document whose payments were taken back further than they go; None if there is none."""
        balances = [row for row in self._moved.values() if isinstance(row, Balance)]
        return next((balance.id for balance in balances if balance.money < 0), None)

    def decision(self, value: T) -> Decision[T]:
        """The decision of this commit. Each moved row gets its next version, and each balance states what is owed."""
        puts = [self._moving(row) for row in self._moved.values()]
        new = [owing(self._document(row), row) if isinstance(row, Balance) else row for row in self._new.values()]
        return Decision(value, new=tuple(new), puts=tuple(puts))

    def _moving(self, row: Record) -> Record:
        at = self.call.at
        return moved(self._document(row), row, at) if isinstance(row, Balance) else row.edited(at)

    def _document(self, balance: Balance) -> Issued:
        return self.get(by_balance(balance).issued, balance.id)

    def add_payment(self, payment: Payment) -> None:
        """Add a payment and the row that reserves its id."""
        self.add(payment, self.call.make(PaymentId, id=payment.id, invoice=payment.invoice))


def receive(moves: Movements, invoice: Issued, balance: Balance, payment: Payment) -> Payment:
    """Apply the money of a payment to its invoice, and keep the rest as unapplied credit of the customer.

    Money that was there before the issue is an advance: the entry holds all of it, on its own day, and the invoice
    takes its part. The returned payment is not added yet.
    """
    after, excess = applied(invoice, balance, payment)
    moves.move(after)
    advance = payment.counts_on < invoice.issue_date and payment.amount > 0
    if not advance and not excess:
        return payment
    part = payment.amount - excess
    entry = _entry(
        moves.call, invoice, payment, payment.amount if advance else excess, "advance" if advance else "excess"
    )
    if advance and part:
        entry = entry.used(CreditUse(amount=part, date=payment.counts_on, document=invoice.id, payment=payment.id))
    moves.add(entry)
    return replace(payment, applied_part=part, excess_entry=entry.id)


def _entry(call: Call, invoice: Issued, payment: Payment, amount: Decimal, source: CreditSource) -> CreditEntry:
    return call.make(
        CreditEntry,
        purpose=payment.id,
        customer=person_of(invoice),
        source=source,
        amount=amount,
        method=payment.method,
        date=payment.counts_on,
        reference=payment.reference,
        document=invoice.id,
        payment=payment.id,
    )


def take(
    moves: Movements, invoice: Issued, entry: CreditEntry, amount: Decimal, day: date, purpose: str
) -> Payment | None:
    """Make the payment by which an invoice takes `amount` of an entry, or less if it needs less. Money
    that is not cash lowers its stamp duty. None if it needs nothing."""
    payment = moves.call.make(
        Payment,
        purpose=f"{invoice.id}:{purpose}",
        invoice=invoice.id,
        customer=person_of(invoice),
        amount=amount,
        method=entry.method,
        date=day,
        reference=entry.reference,
        credit_entry=entry.id,
    )
    _, balance = moves.payable(invoice.id)
    after, excess = applied(invoice, balance, payment)
    part = amount - excess
    if not part:
        return None
    reserved = _reserved(moves, invoice, entry)
    if reserved:
        payment = replace(payment, id=reserved)
    # A payment in excess has stated the duty on all of its cash.
    stamp = ZERO if entry.payment else additional_stamp_duty(invoice, part, entry.method, day)
    payment = replace(payment, amount=part, stamp_duty=stamp)
    moves.move(after)
    if reserved and moves.find(PaymentId, reserved):
        moves.add(payment)
    else:  # A restore leaves out the reservation of a payment that does not exist yet.
        moves.add_payment(payment)
    moves.move(entry.used(CreditUse(amount=part, date=day, document=invoice.id, payment=payment.id)))
    return payment


def _reserved(moves: Movements, invoice: Issued, entry: CreditEntry) -> str | None:
    """The id under which a device recorded this money for the invoice's draft, until a payment has it."""
    if entry.payment_id is None or entry.document != invoice.id:
        return None
    return None if moves.find(Payment, entry.payment_id, invoice=invoice.id) else entry.payment_id


def take_advances(moves: Movements, draft: DraftDocument, id: str) -> None:
    """Let the invoice with this id take the advances that named its draft, at its issue. Each counts on its own day. An
    advance of another customer stays unapplied."""
    invoice, _ = moves.payable(id)
    refs = [CreditEntry.ref(moves.call.company, advance) for advance in draft.advances]
    moves.snapshot.need(*refs)
    named = [entry for advance in draft.advances if (entry := moves.find(CreditEntry, advance))]
    for number, entry in enumerate(entry for entry in oldest_first(named) if entry.customer == person_of(invoice)):
        take(moves, invoice, entry, entry.rest, entry.date, f"advance:{number}")


def free(moves: Movements, invoice: Invoice, before: Balance, balance: Balance, credit_note: str) -> None:
    """Turn what a credit note leaves paid too much into unapplied credit of the customer. The credit note moved the
    invoice from `before` to `balance`."""
    excess = freed_by_credit(invoice, before, balance)
    if not excess:
        moves.move(balance)
        return
    entry = moves.call.make(
        CreditEntry,
        purpose=credit_note,
        customer=invoice.customer,
        source="credit_note",
        amount=excess,
        method="compensation",
        date=today(moves.call.at),
        document=invoice.id,
        credit_note=credit_note,
    )
    moves.add(entry)
    moves.move(balance.freeing(excess, entry.id))
