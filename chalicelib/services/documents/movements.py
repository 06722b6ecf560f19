"""The rows that one commit moves in the ledger: payments, balances, entries of unapplied credit.

One commit may move a row several times. `Movements` holds its latest state, so that a balance never goes below zero
in between.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.documents.balance import Balance, fresh, moved, owing, recalculated, surplus
from chalicelib.domain.documents.credit_entry import CreditEntry, CreditSource, CreditUse, oldest_first, to_undo
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.payment import Payment, PaymentId, applied, counter_entry, duty, taken_back
from chalicelib.domain.documents.registry import by_balance
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import CreditUsed, NotFound, NotIssued
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
        invoice = self.find(Invoice, id)
        if invoice is None:
            raise NotIssued if self.find(Draft, id) else NotFound
        return invoice, self.find(Balance, id) or fresh(invoice)

    def payment(self, id: str) -> Payment:
        """The payment with this id. Raises NotFound."""
        place = self.get(PaymentId, id)
        return self.get(Payment, id, invoice=place.invoice)

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


def receive(moves: Movements, invoice: Invoice, balance: Balance, payment: Payment) -> Payment:
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


def _entry(call: Call, invoice: Invoice, payment: Payment, amount: Decimal, source: CreditSource) -> CreditEntry:
    return call.make(
        CreditEntry,
        purpose=payment.id,
        customer=invoice.customer,
        source=source,
        amount=amount,
        method=payment.method,
        date=payment.counts_on,
        reference=payment.reference,
        document=invoice.id,
        payment=payment.id,
    )


def take(
    moves: Movements, invoice: Invoice, entry: CreditEntry, amount: Decimal, day: date, purpose: str
) -> Payment | None:
    """Make the payment by which an invoice takes `amount` of an entry, or less if it needs less. Money
    that is not cash lowers its stamp duty. None if it needs nothing."""
    payment = moves.call.make(
        Payment,
        purpose=f"{invoice.id}:{purpose}",
        invoice=invoice.id,
        customer=invoice.customer,
        amount=amount,
        method=entry.method,
        date=day,
        reference=entry.reference,
        credit_entry=entry.id,
    )
    _, balance = moves.invoice(invoice.id)
    after, excess = applied(invoice, balance, payment)
    part = amount - excess
    if not part:
        return None
    # A payment in excess has stated the duty on all of its cash.
    stamp = ZERO if entry.payment else duty(invoice, part, entry.method, day)
    payment = replace(payment, amount=part, stamp_duty=stamp)
    moves.move(after)
    moves.add_payment(payment)
    moves.move(entry.used(CreditUse(amount=part, date=day, document=invoice.id, payment=payment.id)))
    return payment


def take_advances(moves: Movements, draft: DraftDocument, invoice: Invoice) -> None:
    """Let an invoice take the advances that named its draft, at its issue. Each counts on its own day. An advance of
    another customer stays unapplied."""
    refs = [CreditEntry.ref(moves.call.company, id) for id in draft.advances]
    moves.snapshot.need(*refs)
    named = [entry for id in draft.advances if (entry := moves.find(CreditEntry, id))]
    for number, entry in enumerate(entry for entry in oldest_first(named) if entry.customer == invoice.customer):
        take(moves, invoice, entry, entry.rest, entry.date, f"advance:{number}")


def free(moves: Movements, invoice: Invoice, balance: Balance, credit_note: str) -> None:
    """Turn what a credit note leaves paid too much into unapplied credit of the customer."""
    excess = min(balance.money, surplus(invoice, balance))
    if excess <= 0:
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


def take_back(moves: Movements, payment: Payment, reversal: Payment) -> Payment:
    """Reverse a payment by a counter-entry made from `reversal`: its money leaves the invoice, the entry that holds its
    rest, and the documents that took from that entry. Returns the counter-entry. Raises CreditUsed."""
    counter = _undo(moves, payment, reversal)
    if payment.excess_entry and not payment.pending:
        entry = moves.get(CreditEntry, payment.excess_entry).without(payment.id)
        moves.move(entry)
        _reclaim(moves, entry, entry.amount - entry.taken_back, reversal)
    _return_freed(moves, payment.invoice, reversal)
    if overdrawn := moves.overdrawn():  # A credit note freed that money, and it pays something else now.
        raise CreditUsed(id=overdrawn)
    return counter


def _undo(moves: Movements, payment: Payment, reversal: Payment) -> Payment:
    """Add the counter-entry of a payment. Take its money off its invoice, back to the entry that it came from."""
    counter = counter_entry(payment, reversal)
    moves.add_payment(counter)
    invoice, balance = moves.invoice(payment.invoice)
    if payment.pending:
        moves.move(replace(payment, reversed_by=counter.id, pending=False, applied_part=ZERO))
        moves.move(balance.with_pending(-payment.amount))
        return counter
    moves.move(replace(payment, reversed_by=counter.id))
    moves.move(taken_back(invoice, balance, payment))
    if payment.credit_entry:
        moves.move(moves.get(CreditEntry, payment.credit_entry).without(payment.id))
    return counter


def _reclaim(moves: Movements, entry: CreditEntry, amount: Decimal, reversal: Payment) -> None:
    """Take `amount` of an entry back. What was applied of it is open again where it was applied, on the day of the
    reversal or on the later day of the application."""
    for number, use in enumerate(to_undo(entry, amount)):
        payment = moves.payment(use.payment or "")
        id = moves.call.new_id(Payment, f"{reversal.id}:{entry.id}:{number}")
        day = max(reversal.date, payment.counts_on)
        _undo(moves, payment, replace(reversal, id=id, invoice=payment.invoice, method=payment.method, date=day))
    moves.move(moves.get(CreditEntry, entry.id).less(amount))


def _return_freed(moves: Movements, id: str, reversal: Payment) -> None:
    """Bring the money that credit notes freed back to an invoice, as far as it is missing: first what is not used, then
    what was applied elsewhere, if the invoice lacks it."""
    for must in (False, True):
        for freed in reversed(moves.invoice(id)[1].freed_entries):
            invoice, balance = moves.invoice(id)
            missing = -balance.money if must else min(balance.freed, -surplus(invoice, balance))
            entry = moves.get(CreditEntry, freed)
            part = min(missing, entry.amount - entry.taken_back if must else entry.rest)
            if part > 0:
                _reclaim(moves, entry, part, reversal)
                invoice, balance = moves.invoice(id)
                moves.move(recalculated(invoice, balance.freeing(-part)))
