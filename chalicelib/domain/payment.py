"""Payments: they stand beside the invoice they settle and are never edited."""

import datetime as dt
from decimal import Decimal
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept

Method = Literal["cash", "cheque", "transfer", "card", "bill_of_exchange"]


@entity("payment_id", room="ledger", prefix="pay")
class PaymentId(Record):
    """Which invoice a payment's id belongs to: payments are kept by invoice, an id names one in the whole company."""

    invoice: str = kept("ledger.payment")


@entity("payment", room="ledger", prefix="pay", sort="payment#{invoice}#{id}")
class Payment(Record):
    """Money received for an invoice, in dirhams. `stamp_duty` is the droit de timbre that a cash payment owes apart
    (0.25 %); it never changes the balance."""

    invoice: str = kept("ledger.payment")
    amount: Decimal = kept("ledger.payment")
    method: Method = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    reference: str | None = kept("ledger.payment", default=None)
    stamp_duty: Decimal = kept("ledger.payment", default=Decimal(0))
