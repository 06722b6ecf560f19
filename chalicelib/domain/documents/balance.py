"""The balance of a document: what was paid and credited, what is still owed, and the state that follows."""

from decimal import Decimal

from chalicelib.domain.documents.model import Issued, VatShare
from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.money import ZERO


@value
class CreditedLine:
    """How much of one invoice line (numbered from 1) has been credited so far."""

    line: int = kept("ledger.balance")
    quantity: Decimal = kept("ledger.balance")
    net: Decimal = kept("ledger.balance")


@entity("balance", room="ledger", prefix="inv", sort="invoice#{id}#balance")
class Balance(Record):
    """What moves beside an issued invoice: paid and credited, in dirhams. It is absent until the first movement. Its
    key follows its invoice's, so that one query lists both."""

    paid: Decimal = kept("ledger.balance", default=Decimal(0))
    credited: Decimal = kept("ledger.balance", default=Decimal(0))
    lines: tuple[CreditedLine, ...] = kept("ledger.balance", default=(), packed=True)
    vat: tuple[VatShare, ...] = kept("ledger.balance", default=())
    discount: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_vat: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_fees: Decimal = kept("ledger.balance", default=Decimal(0))


def left(document: Issued, balance: Balance | None) -> Decimal:
    """What is still owed, in dirhams; negative when more was credited than was left unpaid."""
    return document.totals.payable - (balance.paid + balance.credited if balance else ZERO)


def status(document: Issued, balance: Balance | None) -> str:
    """issued, partially_paid, paid or credited, by what stands beside the document."""
    if balance and _credited_whole(document, balance):
        return "credited"
    if left(document, balance) <= 0:
        return "paid"
    return "partially_paid" if balance and balance.paid else "issued"


def _credited_whole(document: Issued, balance: Balance) -> bool:
    done = {part.line: part.quantity for part in balance.lines}
    return bool(done) and all(done.get(number) == line.quantity for number, line in enumerate(document.lines, 1))
