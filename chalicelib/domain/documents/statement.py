"""The statement of a customer's account: what is asked for and what was settled, day by day, and what is open.

A debit is an amount that the customer owes, a credit is an amount that they do not owe any more. Money counts on the
day on which it was there. An application of unapplied credit moves nothing: its money counted before. So the balance of
the account is the sum of the open balances of the documents, less the unapplied credit. The fine for late payment is
owed to the Treasury and is never part of it (Code de commerce art. 78-3).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Literal

from chalicelib.domain.documents.account_history import DocumentHistory, PaymentHistory
from chalicelib.domain.documents.account_line import AccountLine, LineKind
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.money import ZERO, total

AgeBand = Literal["not_due", "days_1_30", "days_31_60", "days_61_90", "over_90_days"]
_BANDS: tuple[tuple[int, AgeBand], ...] = ((0, "not_due"), (30, "days_1_30"), (60, "days_31_60"), (90, "days_61_90"))
_ORDER: tuple[LineKind, ...] = ("invoice", "credit_note", "advance", "payment", "withholding", "refund", "reversal")


@dataclass(frozen=True)
class PayableDocument:
    """A document that the customer pays, with what belongs to it: its balance, its payments and its credit notes."""

    document: Issued
    balance: Balance | None = None
    payments: Sequence[Payment] = ()
    credit_notes: Sequence[Issued] = ()


@dataclass(frozen=True)
class Account:
    """The rows of a customer's account."""

    documents: Sequence[PayableDocument] = ()
    entries: Sequence[CreditEntry] = ()
    refunds: Sequence[Refund] = ()


@dataclass(frozen=True)
class StatementLine:
    """A line and the balance of the account after it, in dirhams."""

    line: AccountLine
    balance: Decimal


@dataclass(frozen=True)
class Statement:
    """The account from `first` to `last`, in dirhams. A positive balance is owed by the customer.

    `unapplied` is their money that pays no document, `pending` the cheques and bills that are not cashed yet, and
    `ageing` what is open on the last day, by the days since the due date.
    """

    first: date
    last: date
    opening: Decimal
    lines: tuple[StatementLine, ...]
    closing: Decimal
    pending: Decimal
    ageing: dict[AgeBand, Decimal]

    @property
    def debits(self) -> Decimal:
        """The sum of the debits of the period."""
        return total([row.line.debit for row in self.lines])

    @property
    def credits(self) -> Decimal:
        """The sum of the credits of the period."""
        return total([row.line.credit for row in self.lines])

    @property
    def open(self) -> Decimal:
        """The sum of the open balances of the documents on the last day."""
        return total(list(self.ageing.values()))

    @property
    def unapplied(self) -> Decimal:
        """The unapplied credit on the last day."""
        return self.open - self.closing


def statement(account: Account, first: date, last: date) -> Statement:
    """The statement of the days from `first` to `last`."""
    histories = [_history(document, account.entries) for document in account.documents]
    lines = [line for history in histories for line in history.lines()]
    lines += [line for line in _money_without_document(account) if line.amount]
    ordered = sorted((line for line in lines if line.day <= last), key=_place)
    opening = total([line.amount for line in ordered if line.day < first])
    period = [line for line in ordered if line.day >= first]
    balances = list(accumulate((line.amount for line in period), initial=opening))
    return Statement(
        first=first,
        last=last,
        opening=opening,
        lines=tuple(StatementLine(line, balance) for line, balance in zip(period, balances[1:], strict=True)),
        closing=balances[-1],
        pending=total([line.pending for line in ordered]),
        ageing=_ageing(histories, last),
    )


def _history(payable: PayableDocument, entries: Iterable[CreditEntry]) -> DocumentHistory:
    document = payable.document
    freed = [entry for entry in entries if entry.source == "credit_note" and entry.document == document.id]
    return DocumentHistory(
        document, payable.balance, PaymentHistory(document, payable.payments), payable.credit_notes, freed
    )


def _money_without_document(account: Account) -> Iterable[AccountLine]:
    """Advances and refunds, and their reversals. An entry of a payment or of a credit note is no new money."""
    rows: list[tuple[CreditEntry | Refund, LineKind, Decimal]] = [
        *((entry, "advance", -entry.amount) for entry in account.entries if entry.is_advance),
        *((refund, "refund", refund.amount) for refund in account.refunds),
    ]
    for row, kind, amount in rows:
        yield AccountLine.of(
            row,
            "reversal" if row.reverses else kind,
            row.date,
            amount,
            document=row.document if isinstance(row, Refund) else None,
            method=row.method,
            reference=row.reference,
            reason=row.reversal_reason,
        )


def _ageing(histories: Iterable[DocumentHistory], last: date) -> dict[AgeBand, Decimal]:
    """The open amounts of the last day, by the days since the due date."""
    sums: dict[AgeBand, Decimal] = {band: ZERO for _, band in _BANDS} | {"over_90_days": ZERO}
    for history in histories:
        late = (last - history.document.due_date).days
        band: AgeBand = next((band for most, band in _BANDS if late <= most), "over_90_days")
        sums[band] += history.open_on(last)
    return sums


def _place(line: AccountLine) -> tuple[object, ...]:
    """The place of a line: by day, what is asked for before what settles it."""
    rank = _ORDER.index(line.kind) if line.kind in _ORDER else len(_ORDER)
    return line.day, rank, line.recorded_at, line.id
