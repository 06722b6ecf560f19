"""Unapplied credit: a customer's money that pays no document yet, entry by entry, and the refunds of it.

An entry arises from an advance, from a payment in excess, or from a credit note on a paid document. Its amount never
changes. What becomes of it is added as uses: an application to a document, or a refund.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from chalicelib.domain.documents.cash import cash_key
from chalicelib.domain.documents.money_errors import CreditUsed
from chalicelib.domain.documents.payment import ReversalReason
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.errors import invalid
from chalicelib.domain.money import ZERO, amount_text, total
from chalicelib.domain.morocco.findings import Finding
from chalicelib.domain.morocco.stamp import cash_findings

CreditSource = Literal["advance", "excess", "credit_note"]
MOST_USES = 20
"""Uses of one entry. A reversal may have to undo each of them in one transaction, with four rows for each."""


@value
class CreditUse:
    """A part of an entry that was applied (`document` and `payment`) or given back (`refund`), in dirhams."""

    amount: Decimal = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    document: str | None = kept("ledger.payment", default=None)
    payment: str | None = kept("ledger.payment", default=None)
    refund: str | None = kept("ledger.payment", default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reversible(Record):
    """Money that is taken back by a counter-entry: a row of its own with the negative amount."""

    reverses: str | None = kept("ledger.payment", default=None)
    """The row that this counter-entry takes back."""
    reversal_reason: ReversalReason | None = kept("ledger.payment", default=None)
    reversed_by: str | None = kept("ledger.payment", default=None)
    """The counter-entry that takes this row back."""
    reversed_on: dt.date | None = kept("ledger.payment", default=None)
    """The day of that counter-entry. Both rows end their statutory term together."""


@entity("credit_entry", table="ledger", prefix="ucr")
class CreditEntry(Reversible):
    """Money of a customer that pays no document yet, in dirhams. `document` is the document that freed it or, for an
    advance, the draft that alone takes it. A counter-entry takes an advance back; it holds no money."""

    customer: str = kept("ledger.payment")
    source: CreditSource = kept("ledger.payment")
    amount: Decimal = kept("ledger.payment")
    method: Method = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    reference: str | None = kept("ledger.payment", default=None)
    document: str | None = kept("ledger.payment", default=None)
    payment: str | None = kept("ledger.payment", default=None)
    """The payment that was in excess."""
    payment_id: str | None = kept("ledger.payment", default=None)
    """The id under which a device recorded this money as a payment of a document without a number. The payment by which
    the document takes it, at its issue, has this id."""
    credit_note: str | None = kept("ledger.payment", default=None)
    uses: tuple[CreditUse, ...] = kept("ledger.payment", default=(), sparse=True)
    taken_back: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The part that a reversal took back."""
    cash_before: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The cash that its customer had brought on the same day before it. 0 for money that is no advance in cash."""
    cash_before_in_month: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The cash that its customer had brought in the same month before it."""

    def index_keys(self) -> dict[str, str]:
        """Found by its customer, and by its day while it has a rest. An advance in cash is found by its day too, until
        it is reversed."""
        counts = self.is_cash and not self.reversed_by
        cash = cash_key(self.customer, self.date, self.amount, self.id) if counts else {}
        still_open = {"_open": f"{self.KIND}#{self.customer}#{self.date}#{self.id}"} if self.rest > 0 else {}
        return cash | still_open | self.party_key(self.customer)

    @property
    def is_cash(self) -> bool:
        """Whether it is cash of its own, and no counter-entry. The money of a payment is counted by the payment."""
        return self.method == "cash" and self.is_advance and self.amount > 0

    @property
    def cash_notices(self) -> tuple[Finding, ...]:
        """Warnings about the limits of cash (CGI art. 11-II and 193)."""
        if not self.is_cash:
            return ()
        return cash_findings(self.amount, self.date, day_total=self.cash_before, month_total=self.cash_before_in_month)

    @property
    def rest(self) -> Decimal:
        """The part that may still be applied or refunded."""
        if self.reverses:
            return ZERO
        return self.amount - self.taken_back - total([use.amount for use in self.uses])

    @property
    def last_date(self) -> dt.date:
        """The day of its last event. Its statutory term counts from there."""
        return max([self.date, self.reversed_on or self.date, *(use.date for use in self.uses)])

    @property
    def is_advance(self) -> bool:
        """Whether it is money that came for no payment: it is new money, and has a reversal of its own."""
        return self.source == "advance" and self.payment is None

    def used(self, *uses: CreditUse) -> "CreditEntry":
        """The entry after these uses. Raises InvalidContent if it has too many."""
        if len(self.uses) + len(uses) > MOST_USES:
            raise invalid("/amount", "too_many_uses", max=MOST_USES, id=self.id)
        return replace(self, uses=(*self.uses, *uses))

    def without(self, payment: str) -> "CreditEntry":
        """The entry after the application by this payment was undone. It no longer stands for a payment of a device
        once that payment exists, even if it is reversed."""
        stands_for = None if payment == self.payment_id else self.payment_id
        return replace(self, uses=tuple(use for use in self.uses if use.payment != payment), payment_id=stands_for)

    def not_refunded(self, refund: str) -> "CreditEntry":
        """The entry after this refund was reversed."""
        return replace(self, uses=tuple(use for use in self.uses if use.refund != refund))

    def less(self, amount: Decimal) -> "CreditEntry":
        """The entry after a reversal took `amount` back."""
        return replace(self, taken_back=self.taken_back + amount)


@entity("refund", table="ledger", prefix="rfd")
class Refund(Reversible):
    """Money given back to a customer, in dirhams, and the entries of unapplied credit that it lowers. A counter-entry
    brings the money of a refund back to these entries."""

    customer: str = kept("ledger.payment")
    amount: Decimal = kept("ledger.payment")
    method: Method = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    reference: str | None = kept("ledger.payment", default=None)
    document: str | None = kept("ledger.payment", default=None)
    """The document whose freed money alone was given back."""
    entries: tuple[str, ...] = kept("ledger.payment")

    @property
    def last_date(self) -> dt.date:
        """The day of its last event. Its statutory term counts from there."""
        return self.reversed_on or self.date

    def index_keys(self) -> dict[str, str]:
        """Found by its customer."""
        return self.party_key(self.customer)


def advance_id(payment_id: str) -> str:
    """The id of the advance that stands for a payment of a device before the issue."""
    return f"{CreditEntry.PREFIX}_{payment_id.partition('_')[2]}"


def waits_for(entry: CreditEntry) -> str | None:
    """The id of the draft that alone takes an entry, while it is a draft; None for an entry that names none."""
    return entry.document if entry.is_advance else None


def oldest_first(entries: Iterable[CreditEntry]) -> list[CreditEntry]:
    """The entries with a rest, by day and id."""
    return sorted((entry for entry in entries if entry.rest > 0), key=lambda entry: (entry.date, entry.id))


def parts_of(entries: Sequence[CreditEntry], amount: Decimal) -> list[tuple[CreditEntry, Decimal]]:
    """`amount` taken from the entries in their order: each entry with its part. Raises InvalidContent if they hold
    less."""
    parts, missing = [], amount
    for entry in entries:
        if part := min(missing, entry.rest):
            parts.append((entry, part))
            missing -= part
    if missing:
        raise invalid("/amount", "above_unapplied_credit", available=amount_text(amount - missing))
    return parts


def to_undo(entry: CreditEntry, amount: Decimal) -> list[CreditUse]:
    """The applications to undo, the latest first, so that `amount` of the entry may be taken back. Raises CreditUsed if
    the money was refunded."""
    undone: list[CreditUse] = []
    for use in reversed(entry.uses):
        if _available(entry, undone) >= amount:
            break
        if use.payment is not None:
            undone.append(use)
    if _available(entry, undone) < amount:
        raise CreditUsed(id=entry.id)
    return undone


def _available(entry: CreditEntry, undone: Sequence[CreditUse]) -> Decimal:
    return entry.rest + total([use.amount for use in undone])
