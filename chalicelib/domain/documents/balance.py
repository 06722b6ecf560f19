"""The balance of a document: what was paid and credited, what is still owed, and the state that follows."""

from decimal import Decimal

from chalicelib.domain.documents.model import Issued, VatShare
from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.money import ZERO


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
    """The changing part of an issued invoice: paid and credited, in dirhams. It does not exist before the first
    movement. Its key follows the invoice's key, so that one query lists both."""

    paid: Decimal = kept("ledger.balance", default=Decimal(0))
    credited: Decimal = kept("ledger.balance", default=Decimal(0))
    lines: tuple[CreditedLine, ...] = kept("ledger.balance", default=(), packed=True)
    vat: tuple[VatShare, ...] = kept("ledger.balance", default=())
    discount: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_vat: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_fees: Decimal = kept("ledger.balance", default=Decimal(0))


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
