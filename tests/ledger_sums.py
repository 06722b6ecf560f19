"""The sums of a ledger, computed anew from its rows: what each invoice has received, and where each dirham is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.entity import Record
from chalicelib.domain.money import cents

NOTHING = Decimal(0)
STAMP_SHARE = Decimal("0.0025")
"""The droit de timbre (CGI art. 252-I-B)."""


@dataclass(frozen=True)
class Sums:
    """The amounts of one invoice in dirhams. `rest` is what is still owed; below zero, a withholding is too much."""

    money: Decimal
    withheld: Decimal
    credited: Decimal
    pending: Decimal
    rest: Decimal


def was_there(payment: Payment, payments: Iterable[Payment]) -> bool:
    """Whether its money was there: it is no cheque that came back before it was cashed, nor the counter-entry of
    one."""
    original = next((each for each in payments if each.id == payment.reverses), payment)
    return original.matures_on is None or original.cashed_on is not None


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)


def sums_of(rows: Sequence[Record]) -> dict[str, Sums]:
    """The sums of each invoice, by its id."""
    notes: dict[str, list[CreditNote]] = defaultdict(list)
    paid: dict[str, list[Payment]] = defaultdict(list)
    freed: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        if isinstance(row, CreditNote):
            notes[row.invoice].append(row)
        if isinstance(row, Payment):
            paid[row.invoice].append(row)
        if isinstance(row, CreditEntry) and row.source == "credit_note":
            freed[row.document] += row.amount - row.taken_back
    invoices = [row for row in rows if isinstance(row, Invoice)]
    return {each.id: _sums(each, notes[each.id], paid[each.id], freed[each.id]) for each in invoices}


def _sums(invoice: Invoice, notes: list[CreditNote], paid: list[Payment], freed: Decimal) -> Sums:
    counted = [payment for payment in paid if not payment.pending]
    money = _total(payment.applied_amount for payment in counted) - freed
    otherwise = _total(payment.applied_amount for payment in counted if payment.method != "cash")
    withheld = _total(payment.withheld for payment in counted if was_there(payment, paid))
    credited = _total(note.totals.gross for note in notes)
    in_cash = max(NOTHING, invoice.totals.gross - credited - withheld - min(otherwise, money))
    duty = cents(in_cash * STAMP_SHARE) if invoice.totals.stamp_duty else NOTHING
    return Sums(
        money=money,
        withheld=withheld,
        credited=credited,
        pending=_total(payment.amount for payment in paid if payment.pending),
        rest=invoice.totals.gross + duty - credited - withheld - money,
    )


def faults_of(rows: Sequence[Record]) -> list[str]:
    """The ways in which the rows contradict each other; none if every dirham is in one place."""
    sums = sums_of(rows)
    found = [f"{id}: {each}" for id, each in sums.items() if min(each.money, each.withheld) < 0]
    # A credit note gives money back, never what the Treasury holds.
    found += [f"{id} has too much money: {each}" for id, each in sums.items() if each.rest < 0 and each.money]
    for row in rows:
        if isinstance(row, Balance) and (of := sums.get(row.id)):
            stored = (row.money, row.suffered_vat + row.suffered_fees, row.pending)
            found += [f"{row.id} states {stored}: {of}"] if stored != (of.money, of.withheld, of.pending) else []
    entries: list[Any] = [row for row in rows if isinstance(row, CreditEntry)]
    found += [f"{entry.id} is overdrawn" for entry in entries if entry.rest < 0]
    payments = [row for row in rows if isinstance(row, Payment)]
    came = _total(p.amount for p in payments if not p.pending and not p.credit_entry and was_there(p, payments))
    came += _total(entry.amount for entry in entries if entry.source == "advance" and entry.payment is None)
    went = _total(row.amount for row in rows if isinstance(row, Refund))
    there = _total(each.money for each in sums.values()) + _total(entry.rest for entry in entries)
    found += [f"{came} came, {went} went, {there} are there"] if came - went != there else []
    used = _total(use.amount for entry in entries for use in entry.uses if use.refund)
    return found + ([f"{used} were refunded of entries, {went} to customers"] if used != went else [])
