"""Payments: they are stored beside the document that they pay and are never edited."""

import datetime as dt
from decimal import Decimal

from chalicelib.domain.documents.balance import Balance, left
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.errors import invalid
from chalicelib.domain.money import ZERO, amount_text
from chalicelib.domain.morocco.stamp import stamp_duty


@entity("payment_id", table="ledger", prefix="pay")
class PaymentId(Record):
    """The invoice of a payment id. Payments are stored by invoice, but their ids are unique in the company."""

    invoice: str = kept("ledger.payment")


@entity("payment", table="ledger", prefix="pay", sort="payment#{invoice}#{id}")
class Payment(Record):
    """Money received for an invoice, in dirhams. `stamp_duty` is the additional droit de timbre on a cash payment (0.25
    %). It never changes the balance."""

    invoice: str = kept("ledger.payment")
    amount: Decimal = kept("ledger.payment")
    method: Method = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    reference: str | None = kept("ledger.payment", default=None)
    stamp_duty: Decimal = kept("ledger.payment", default=Decimal(0))


def check_payment(document: Issued, balance: Balance, payment: Payment, today: dt.date) -> None:
    """Raise InvalidContent for a payment that is dated in the future or exceeds the balance."""
    if payment.date > today:
        raise invalid("/date", "payment_date_in_future", today=today.isoformat())
    if payment.amount > left(document, balance):
        raise invalid("/amount", "payment_above_balance", balance=amount_text(left(document, balance)))


def duty(document: Issued, amount: Decimal, method: str, day: dt.date) -> Decimal:
    """The stamp duty on a payment: only on cash, for a document that was not declared as paid in cash."""
    return stamp_duty(amount, day) if method == "cash" and document.settlement != "cash" else ZERO
