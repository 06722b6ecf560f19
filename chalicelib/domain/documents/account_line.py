"""The lines of a customer's account."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from chalicelib.domain.documents.payment import ReversalReason
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.entity import Record
from chalicelib.domain.money import ZERO

LineKind = Literal[
    "invoice",
    "credit_note",
    "stamp_duty",
    "withholding",
    "withholding_not_needed",
    "payment",
    "pending",
    "reversal",
    "advance",
    "refund",
]
"""The subjects of lines.

`invoice` is any document that asks for money. `reversal` takes a payment, an advance or a refund back. `stamp_duty` is
a change of the duty after the issue, and `withholding_not_needed` the part of a withholding that credit notes leave
without a debt: the Treasury holds it, so it is no credit of the customer.
"""


@dataclass(frozen=True, kw_only=True)
class AccountLine:
    """A dated event of the account, in dirhams. `amount` is a debit if it is positive. `pending` is a cheque or a bill
    that comes (positive), or that was cashed or came back (negative); it counts nothing. `id` is the row's id, and
    `number` that of its document."""

    day: dt.date
    kind: LineKind
    amount: Decimal
    pending: Decimal = ZERO
    id: str
    recorded_at: dt.datetime
    document: str | None = None
    number: str | None = None
    due_date: dt.date | None = None
    method: Method | None = None
    reference: str | None = None
    reason: ReversalReason | None = None

    @classmethod
    def of(cls, row: Record, kind: LineKind, day: dt.date, amount: Decimal, **more: Any) -> "AccountLine":
        """The line of a row."""
        return cls(id=row.id, recorded_at=row.created_at, kind=kind, day=day, amount=amount, **more)

    @property
    def debit(self) -> Decimal:
        """The amount that is owed in addition."""
        return max(ZERO, self.amount)

    @property
    def credit(self) -> Decimal:
        """The amount that is not owed any more."""
        return max(ZERO, ZERO - self.amount)
