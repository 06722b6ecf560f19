"""The balance of a document: what was paid, withheld and credited, what is still owed, and the state that follows.

The law's events move it: a payment, a withholding, a reversal, a credit note. Its amounts are sums over these events.
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.documents.model import Issued, VatShare
from chalicelib.domain.entity import Record, entity, kept, new_row, value
from chalicelib.domain.money import ZERO, total
from chalicelib.domain.morocco.stamp import stamp_duty


@value
class CreditedLine:
    """The credited share of one invoice line (numbered from 1). Once amounts have credited the whole net, `quantity` is
    the line's quantity."""

    line: int = kept("ledger.balance")
    quantity: Decimal = kept("ledger.balance")
    net: Decimal = kept("ledger.balance")
    since_quantity: Decimal | None = kept("ledger.balance", default=None)
    """The `quantity` after the last credit by amount; None without one. Quantities share what was left then."""
    since_net: Decimal | None = kept("ledger.balance", default=None)
    """The `net` after the last credit by amount; None without one."""


@entity("balance", table="ledger", prefix="inv", sort="invoice#{id}#balance")
class Balance(Record):
    """The changing part of an issued invoice, in dirhams. The issue writes it with version 0, and each movement changes
    it. Its key follows the invoice's key, so that one query lists both.

    `due_date` and `owed` repeat the document's due date and `left`, so that a list finds what is open by due date. Both
    are None on rows from before they existed."""

    paid: Decimal = kept("ledger.balance", default=Decimal(0))
    """The money that payments brought to the document, `freed` money included."""
    credited: Decimal = kept("ledger.balance", default=Decimal(0))
    """The sum of the payable amounts of its credit notes."""
    lines: tuple[CreditedLine, ...] = kept("ledger.balance", default=(), packed=True)
    vat: tuple[VatShare, ...] = kept("ledger.balance", default=())
    discount: Decimal = kept("ledger.balance", default=Decimal(0))
    rounding: Decimal = kept("ledger.balance", default=Decimal(0), sparse=True)
    """The sum of the roundings of its credit notes."""
    withheld_vat: Decimal = kept("ledger.balance", default=Decimal(0))
    """The share of its stored withholding that credit notes returned. 0 for a document that stores none."""
    withheld_fees: Decimal = kept("ledger.balance", default=Decimal(0))
    suffered_vat: Decimal = kept("ledger.balance", default=Decimal(0), sparse=True)
    """The RAS-TVA that its payments state."""
    suffered_fees: Decimal = kept("ledger.balance", default=Decimal(0), sparse=True)
    freed: Decimal = kept("ledger.balance", default=Decimal(0), sparse=True)
    """The paid money that credit notes turned into unapplied credit of the customer."""
    freed_entries: tuple[str, ...] = kept("ledger.balance", default=(), sparse=True)
    """The entries of unapplied credit that hold the freed money."""
    pending: Decimal = kept("ledger.balance", default=Decimal(0), sparse=True)
    """The cheques and bills that are not cashed yet. They pay nothing."""
    not_cash: Decimal = kept("ledger.balance", default=Decimal(0), sparse=True)
    """The part of `paid` that was not paid in cash. 0 before it was recorded: what was paid counts as the document
    said."""
    cash_day: date | None = kept("ledger.balance", default=None)
    """The day of the last cash payment, on older rows. Nothing writes or reads it now (ADR 0089)."""
    cash_on_day: Decimal = kept("ledger.balance", default=Decimal(0), sparse=True)
    """The cash received on that day, on older rows."""
    stamp_duty: Decimal | None = kept("ledger.balance", default=None)
    """The stamp duty as of the last movement; None before the first one that calculates it."""
    due_date: date | None = kept("ledger.balance", default=None)
    owed: Decimal | None = kept("ledger.balance", default=None)

    def index_keys(self) -> dict[str, str]:
        """Found by its due date while something is owed."""
        if self.due_date is None or self.owed is None or self.owed <= 0:
            return {}
        return {"_open": f"{self.SORT.partition('#')[0]}#{self.due_date}#{self.id}"}

    @property
    def money(self) -> Decimal:
        """The money that pays the document: what was paid, less what was freed."""
        return self.paid - self.freed

    def freeing(self, amount: Decimal, entry: str | None = None) -> "Balance":
        """The balance after `amount` of its money became unapplied credit in this entry; below zero, it came back."""
        entries = (*self.freed_entries, entry) if entry else self.freed_entries
        return replace(self, freed=self.freed + amount, freed_entries=entries)

    def with_pending(self, amount: Decimal) -> "Balance":
        """The balance with one more cheque or bill that is not cashed yet; with one less for a negative amount."""
        return replace(self, pending=self.pending + amount)


def fresh(document: Issued, cls: type[Balance] = Balance) -> Balance:
    """The balance of a document without movements, as its issue writes it."""
    return owing(document, cls(**new_row(document.company, document.id, document.updated_at), version=0))


def moved(document: Issued, balance: Balance, at: datetime, **changes: Any) -> Balance:
    """The balance after a movement at `at` that made these changes. Each payment, reversal and credit ends here."""
    return owing(document, balance.edited(at, **changes))


def owing(document: Issued, balance: Balance) -> Balance:
    """The balance with what is owed by it, and when it is due."""
    return replace(balance, due_date=document.due_date, owed=left(document, balance))


def credited_gross(balance: Balance) -> Decimal:
    """The sum of the credit notes, TVA included, without stamp duty and withholding."""
    return total([share.base + share.amount for share in balance.vat]) + balance.rounding


def suffered(document: Issued, balance: Balance | None) -> Decimal:
    """The withholding that counts as settled (CGI art. 117): what the payments state.

    A document from before withholding moved to the payment states its own. That counts while no payment states any and
    the money is at most what the document asked for.
    """
    if balance is None:
        return document.totals.withheld
    if _stored_withholding_counts(document, balance):
        return _stored_withholding(document, balance)
    return balance.suffered_vat + balance.suffered_fees


def _stored_withholding(document: Issued, balance: Balance) -> Decimal:
    """The withholding that an older document states, less the share that its credit notes returned."""
    return document.totals.withheld - balance.withheld_vat - balance.withheld_fees


def _stored_withholding_counts(document: Issued, balance: Balance) -> bool:
    stated = balance.suffered_vat or balance.suffered_fees
    return not stated and balance.money <= document.totals.payable - balance.credited


def stamp_duty_of(document: Issued, balance: Balance | None) -> Decimal:
    """The stamp duty on the document as of the last movement, in dirhams."""
    if balance is None:
        return document.totals.stamp_duty
    if balance.stamp_duty is not None:
        return balance.stamp_duty
    return ZERO if _credited_fully(document, balance) else document.totals.stamp_duty


def with_stamp_duty(document: Issued, balance: Balance) -> Balance:
    """The balance with the stamp duty that follows from its movements (CGI art. 252-I-B; 0.25 % of what is settled in
    cash). Everything that was not settled otherwise counts as cash: the cash received, and what is still open. A
    document that was not declared as paid in cash, or that is exempt, has none."""
    if not document.totals.stamp_duty:
        return balance
    otherwise = min(balance.not_cash, balance.money) + suffered(document, balance)
    base = max(ZERO, document.totals.gross - credited_gross(balance) - otherwise)
    return replace(balance, stamp_duty=stamp_duty(base, document.operation_date))


def owed(document: Issued, balance: Balance | None) -> Decimal:
    """The amount that the document asks for: gross and stamp duty, less its credit notes and what was settled before
    its import."""
    asked = document.totals.gross - document.settled_elsewhere + stamp_duty_of(document, balance)
    return asked - (credited_gross(balance) if balance else ZERO)


def surplus(document: Issued, balance: Balance) -> Decimal:
    """The amount settled beyond what is owed. It is negative while something is open."""
    return balance.money + suffered(document, balance) - owed(document, balance)


def freed_by_credit(document: Issued, before: Balance, after: Balance) -> Decimal:
    """The money of a document that its credit note leaves without a debt: `before` and `after` are its balance.

    The withholding that an older document states counted before the credit note if the money was at most what the
    document asked for then. It still counts after, less the share that the credit note returned. An earlier version
    refused more money than that, so it counted on each row from then, which does not state `owed`.
    """
    stated = after.suffered_vat + after.suffered_fees
    counted = _stored_withholding_counts(document, before) or (not stated and before.owed is None)
    held = _stored_withholding(document, after) if counted else stated
    return max(ZERO, min(after.money, after.money + held - owed(document, after)))


def left(document: Issued, balance: Balance | None) -> Decimal:
    """The amount still owed, in dirhams; never negative."""
    return max(ZERO, -surplus(document, balance or fresh(document)))


def unpaid(document: Issued, balance: Balance | None) -> Decimal:
    """The part of the sale, TVA included, that is still owed. Stamp duty is no part of it."""
    balance = balance or fresh(document)
    return max(ZERO, -surplus(document, balance) - stamp_duty_of(document, balance))


def status(document: Issued, balance: Balance | None) -> str:
    """The status from the balance: issued, partially_paid, paid or credited."""
    if balance and _credited_fully(document, balance):
        return "credited"
    if left(document, balance) <= 0:
        return "paid"
    moved = balance and (balance.money or balance.suffered_vat or balance.suffered_fees)
    return "partially_paid" if moved or document.settled_elsewhere else "issued"


def _credited_fully(document: Issued, balance: Balance) -> bool:
    done = {part.line: part.quantity for part in balance.lines}
    return bool(done) and all(done.get(number) == line.quantity for number, line in enumerate(document.lines, 1))
