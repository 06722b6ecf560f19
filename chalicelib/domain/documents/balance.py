"""The balance of a document: what was paid and credited, what is still owed, and the state that follows."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.documents.model import Issued, VatShare
from chalicelib.domain.entity import Record, entity, kept, new_row, value
from chalicelib.domain.money import ZERO


@value
class CreditedLine:
    """The credited share of one invoice line (numbered from 1)."""

    line: int = kept("ledger.balance")
    quantity: Decimal = kept("ledger.balance")
    net: Decimal = kept("ledger.balance")


@entity("balance", table="ledger", prefix="inv", sort="invoice#{id}#balance")
class Balance(Record):
    """The changing part of an issued invoice: paid and credited, in dirhams. The issue writes it with version 0, and
    each movement changes it. Its key follows the invoice's key, so that one query lists both.

    `due_date` and `owed` repeat the document's due date and `left`, so that a list finds what is open by due date. Both
    are None on rows from before they existed."""

    paid: Decimal = kept("ledger.balance", default=Decimal(0))
    credited: Decimal = kept("ledger.balance", default=Decimal(0))
    lines: tuple[CreditedLine, ...] = kept("ledger.balance", default=(), packed=True)
    vat: tuple[VatShare, ...] = kept("ledger.balance", default=())
    discount: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_vat: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_fees: Decimal = kept("ledger.balance", default=Decimal(0))
    due_date: date | None = kept("ledger.balance", default=None)
    owed: Decimal | None = kept("ledger.balance", default=None)

    def index_keys(self) -> dict[str, str]:
        """Found by its due date while something is owed."""
        if self.due_date is None or self.owed is None or self.owed <= 0:
            return {}
        return {"_open": f"{self.SORT.partition('#')[0]}#{self.due_date}#{self.id}"}


def fresh(document: Issued, cls: type[Balance] = Balance) -> Balance:
    """The balance of a document without movements, as its issue writes it."""
    return owing(document, cls(**new_row(document.company, document.id, document.updated_at), version=0))


def moved(document: Issued, balance: Balance, at: datetime, **changes: Any) -> Balance:
    """The balance after a movement at `at` that made these changes. Each payment, reversal and credit ends here."""
    return owing(document, balance.edited(at, **changes))


def owing(document: Issued, balance: Balance) -> Balance:
    """The balance with what is owed by it, and when it is due."""
    return replace(balance, due_date=document.due_date, owed=left(document, balance))


def left(document: Issued, balance: Balance | None) -> Decimal:
    """The amount still owed, in dirhams. It is negative if the credits exceed the unpaid amount."""
    return document.totals.payable - (balance.paid + balance.credited if balance else ZERO)


def status(document: Issued, balance: Balance | None) -> str:
    """The status from the balance: issued, partially_paid, paid or credited."""
    if balance and _credited_fully(document, balance):
        return "credited"
    if left(document, balance) <= 0:
        return "paid"
    return "partially_paid" if balance and balance.paid else "issued"


def _credited_fully(document: Issued, balance: Balance) -> bool:
    done = {part.line: part.quantity for part in balance.lines}
    return bool(done) and all(done.get(number) == line.quantity for number, line in enumerate(document.lines, 1))
