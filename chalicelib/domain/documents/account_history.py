"""The history of a document in its customer's account: what its rows moved, day by day.

The balance of a document states the present alone. Its state on an earlier day is recalculated from its dated rows, by
the same functions. The last day has the stored balance, so that an account agrees with its documents exactly.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from chalicelib.domain.documents.account_line import AccountLine, LineKind
from chalicelib.domain.documents.balance import (
    Balance,
    fresh,
    left,
    owed,
    stamp_duty_of,
    suffered,
    surplus,
    with_stamp_duty,
)
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.money import ZERO, total


@dataclass(frozen=True)
class PaymentHistory:
    """The payments of a document and their counter-entries."""

    document: Issued
    rows: Sequence[Payment]

    @cached_property
    def counted(self) -> tuple[Payment, ...]:
        """The payments whose money was there, and their counter-entries."""
        return tuple(row for row in self.rows if not row.pending and not _came_back_uncashed(self._original(row)))

    def day_of(self, row: Payment) -> date:
        """The day on which a payment or a counter-entry counts. A counter-entry never counts before its payment."""
        return max(row.counts_on, self._original(row).counts_on)

    def lines(self) -> Iterator[AccountLine]:
        """The lines of money and of withholding. An application of unapplied credit has none."""
        for row in self.rows:
            yield from self._pending(row)
        for row in self.counted:
            yield from self._counted(row)

    def _counted(self, row: Payment) -> Iterator[AccountLine]:
        day = self.day_of(row)
        if row.amount and row.credit_entry is None:
            cashed = -row.amount if row.cashed_on else ZERO
            kind: LineKind = "reversal" if row.reverses else "payment"
            yield self._line(row, kind, day, -row.amount, pending=cashed, reference=row.reference)
        if row.withheld:
            kind = "reversal" if row.reverses else "withholding"
            yield self._line(row, kind, day, -row.withheld, method=None, reference=row.certificate)

    def _pending(self, row: Payment) -> Iterator[AccountLine]:
        """The arrival of a cheque or a bill that is not cashed yet, and its return."""
        if row.pending or row.cashed_on or (_came_back_uncashed(row) and not row.reverses):
            yield self._line(row, "pending", row.date, ZERO, pending=row.amount, reference=row.reference)
        elif row.reverses and _came_back_uncashed(self._original(row)):
            yield self._line(row, "reversal", self.day_of(row), ZERO, pending=row.amount)

    def _line(self, row: Payment, kind: LineKind, day: date, amount: Decimal, **more: object) -> AccountLine:
        given = {"method": row.method, "reason": row.reversal_reason} | more
        return AccountLine.of(row, kind, day, amount, document=self.document.id, number=self.document.number, **given)

    def _original(self, row: Payment) -> Payment:
        """The payment that a counter-entry takes back; the payment itself otherwise."""
        return self._by_id.get(row.reverses or "", row)

    @cached_property
    def _by_id(self) -> dict[str, Payment]:
        return {row.id: row for row in self.rows}


def _came_back_uncashed(payment: Payment) -> bool:
    """Whether it is a cheque or a bill that came back before it was cashed. Its money was never there."""
    nothing = payment.applied_part is not None and not payment.applied_part and payment.excess_entry is None
    return nothing and payment.reversed_by is not None


@dataclass(frozen=True)
class DocumentHistory:
    """A document that the customer pays, its present balance, and the rows that moved it. `freed` are the entries of
    unapplied credit that its credit notes made."""

    document: Issued
    balance: Balance | None
    payments: PaymentHistory
    credit_notes: Sequence[Issued]
    freed: Sequence[CreditEntry]

    def lines(self) -> Iterator[AccountLine]:
        """Every line of the account that comes from the document."""
        document = self.document
        asked = document.totals.gross + document.totals.stamp_duty - document.settled_elsewhere
        if asked or not document.settled_elsewhere:
            yield self._line("invoice", document.issue_date, asked, due_date=document.due_date)
        for note in self.credit_notes:
            amount = ZERO - note.totals.gross - note.totals.stamp_duty
            yield AccountLine.of(note, "credit_note", note.issue_date, amount, document=note.id, number=note.number)
        yield from self.payments.lines()
        yield from self._changes()

    def open_on(self, day: date) -> Decimal:
        """The open amount at the end of a day; zero before the issue."""
        if day < self.document.issue_date:
            return ZERO
        balance = self._as_of(day)
        return min(left(self.document, balance), owed(self.document, balance))

    def _changes(self) -> Iterator[AccountLine]:
        """The lines of what no other row states: a stamp duty that follows the cash, the withholding that an older
        document states, and a withholding that credit notes leave without a debt."""
        document, stamp = self.document, self.document.totals.stamp_duty
        stored = unneeded = ZERO
        for day in self._days:
            balance = self._as_of(day) or fresh(document)
            stamp -= total([note.totals.stamp_duty for note in self.credit_notes if self._at(note.issue_date) == day])
            held = suffered(document, balance)
            now = stamp_duty_of(document, balance)
            now_stored = held - balance.suffered_vat - balance.suffered_fees
            now_unneeded = max(ZERO, min(held, surplus(document, balance)))
            if now != stamp:
                yield self._line("stamp_duty", day, now - stamp)
            if now_stored != stored:
                yield self._line("withholding", day, stored - now_stored)
            if now_unneeded != unneeded:
                yield self._line("withholding_not_needed", day, now_unneeded - unneeded)
            stamp, stored, unneeded = now, now_stored, now_unneeded

    def _line(self, kind: LineKind, day: date, amount: Decimal, **more: object) -> AccountLine:
        document = self.document
        return AccountLine.of(document, kind, day, amount, document=document.id, number=document.number, **more)

    @cached_property
    def _days(self) -> list[date]:
        """The days on which something moved, the issue first."""
        moved = [note.issue_date for note in self.credit_notes]
        moved += [self.payments.day_of(row) for row in self.payments.counted]
        return sorted({self.document.issue_date, *map(self._at, moved)})

    def _at(self, day: date) -> date:
        """The day on which an event counts for the document: an advance counts at the issue."""
        return max(day, self.document.issue_date)

    def _as_of(self, day: date) -> Balance | None:
        """The balance at the end of a day."""
        if self.balance is None or day >= self._days[-1]:
            return self.balance
        rows = [row for row in self.payments.counted if self._at(self.payments.day_of(row)) <= day]
        notes = [note for note in self.credit_notes if note.issue_date <= day]
        freed = [entry.amount for entry in self.freed if entry.credit_note in {note.id for note in notes}]
        past = replace(
            fresh(self.document, type(self.balance)),
            paid=_sum(row.applied_amount for row in rows),
            not_cash=_sum(row.applied_amount for row in rows if row.method != "cash"),
            suffered_vat=_sum(row.withheld_vat for row in rows),
            suffered_fees=_sum(row.withheld_fees for row in rows),
            freed=total(freed),
            credited=_sum(note.totals.payable for note in notes),
            vat=tuple(share for note in notes for share in note.totals.vat),
            rounding=_sum(note.totals.rounding or ZERO for note in notes),
            withheld_vat=_sum(note.totals.withheld_vat for note in notes),
            withheld_fees=_sum(note.totals.withheld_fees for note in notes),
        )
        if self.balance.stamp_duty is None:  # It was not recalculated yet: it changes on the last day alone.
            return replace(past, stamp_duty=self.document.totals.stamp_duty)
        return with_stamp_duty(self.document, past)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return total(list(amounts))
