"""Unapplied credit: a customer's money that pays no document yet, entry by entry, and the refunds of it.

An entry arises from an advance, from a payment in excess, or from a credit note on a paid document. Its amount never
changes. What becomes of it is added as uses: an application to a document, or a refund.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.errors import CreditUsed, invalid
from chalicelib.domain.money import amount_text, total

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


@entity("credit_entry", table="ledger", prefix="ucr")
class CreditEntry(Record):
    """Money of a customer that pays no document yet, in dirhams. `document` is the document that freed it or, for an
    advance, the draft that alone takes it."""

    customer: str = kept("ledger.payment")
    source: CreditSource = kept("ledger.payment")
    amount: Decimal = kept("ledger.payment")
    method: Method = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    reference: str | None = kept("ledger.payment", default=None)
    document: str | None = kept("ledger.payment", default=None)
    payment: str | None = kept("ledger.payment", default=None)
    """The payment that was in excess."""
    credit_note: str | None = kept("ledger.payment", default=None)
    uses: tuple[CreditUse, ...] = kept("ledger.payment", default=(), sparse=True)
    taken_back: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The part that the reversal of a payment took back."""

    def index_keys(self) -> dict[str, str]:
        """Found by its customer."""
        return self.party_key(self.customer)

    @property
    def rest(self) -> Decimal:
        """The part that may still be applied or refunded."""
        return self.amount - self.taken_back - total([use.amount for use in self.uses])

    @property
    def last_date(self) -> dt.date:
        """The day of its last event. Its statutory term counts from there."""
        return max([self.date, *(use.date for use in self.uses)])

    def used(self, *uses: CreditUse) -> "CreditEntry":
        """The entry after these uses. Raises InvalidContent if it has too many."""
        if len(self.uses) + len(uses) > MOST_USES:
            raise invalid("/amount", "too_many_uses", max=MOST_USES, id=self.id)
        return replace(self, uses=(*self.uses, *uses))

    def without(self, payment: str) -> "CreditEntry":
        """The entry after the application by this payment was undone."""
        return replace(self, uses=tuple(use for use in self.uses if use.payment != payment))

    def less(self, amount: Decimal) -> "CreditEntry":
        """The entry after a reversal took `amount` back."""
        return replace(self, taken_back=self.taken_back + amount)


@entity("refund", table="ledger", prefix="rfd")
class Refund(Record):
    """Money given back to a customer, in dirhams, and the entries of unapplied credit that it lowers."""

    customer: str = kept("ledger.payment")
    amount: Decimal = kept("ledger.payment")
    method: Method = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    reference: str | None = kept("ledger.payment", default=None)
    document: str | None = kept("ledger.payment", default=None)
    """The document whose freed money alone was given back."""
    entries: tuple[str, ...] = kept("ledger.payment")

    def index_keys(self) -> dict[str, str]:
        """Found by its customer."""
        return self.party_key(self.customer)


def waits_for(entry: CreditEntry) -> str | None:
    """The id of the draft that alone takes an entry, while it is a draft; None for an entry that names none."""
    return entry.document if entry.source == "advance" and entry.payment is None else None


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
