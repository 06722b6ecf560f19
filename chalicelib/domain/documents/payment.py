"""Payments: they are stored beside the document that they pay. A payment is never edited or deleted: a counter-entry
reverses it."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from chalicelib.domain.documents.balance import Balance, surplus, with_stamp_duty
from chalicelib.domain.documents.cash import cash_key
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment_mode import Method
from chalicelib.domain.entity import Record, entity, kept
from chalicelib.domain.errors import invalid
from chalicelib.domain.money import ZERO, amount_text
from chalicelib.domain.morocco.findings import Finding
from chalicelib.domain.morocco.stamp import cash_findings, stamp_duty

ReversalReason = Literal["returned_unpaid", "entered_in_error", "other"]


@entity("payment_id", table="ledger", prefix="pay")
class PaymentId(Record):
    """The invoice of a payment id. Payments are stored by invoice, but their ids are unique in the company."""

    invoice: str = kept("ledger.payment")


@entity("payment", table="ledger", prefix="pay", sort="payment#{invoice}#{id}")
class Payment(Record):
    """Money received for an invoice and what the payer withheld, in dirhams. A counter-entry has the amounts of the
    payment that it `reverses` with the sign minus, so that the payments of an invoice add up to what it received.

    `stamp_duty` is the additional droit de timbre on a cash payment (0.25 %) of a document that was not declared as
    paid in cash. It never changes the balance.
    """

    invoice: str = kept("ledger.payment")
    customer: str | None = kept("ledger.payment", default=None)
    """The buyer of the invoice. None on rows from before it was recorded."""
    amount: Decimal = kept("ledger.payment")
    method: Method = kept("ledger.payment")
    date: dt.date = kept("ledger.payment")
    reference: str | None = kept("ledger.payment", default=None)
    stamp_duty: Decimal = kept("ledger.payment", default=Decimal(0))
    withheld_vat: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The RAS-TVA that the payer withheld (CGI art. 117-V)."""
    withheld_fees: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The RAS on fees that the payer withheld (CGI art. 157)."""
    certificate: str | None = kept("ledger.payment", default=None)
    """The reference of the certificate of withholding."""
    matures_on: dt.date | None = kept("ledger.payment", default=None)
    pending: bool = kept("ledger.payment", default=False, sparse=True)
    """Whether it is a cheque or a bill that is neither cashed nor returned yet."""
    cashed_on: dt.date | None = kept("ledger.payment", default=None)
    applied_part: Decimal | None = kept("ledger.payment", default=None)
    """The part of the amount that pays the invoice; the rest is unapplied credit. None: all of it."""
    excess_entry: str | None = kept("ledger.payment", default=None)
    """The unapplied credit that holds the rest of the amount."""
    credit_entry: str | None = kept("ledger.payment", default=None)
    """The unapplied credit that this payment takes its amount from."""
    reverses: str | None = kept("ledger.payment", default=None)
    """The payment that this counter-entry takes back."""
    reversal_reason: ReversalReason | None = kept("ledger.payment", default=None)
    reversed_by: str | None = kept("ledger.payment", default=None)
    """The counter-entry that takes this payment back."""
    cash_before: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The cash that its customer had brought on the same day before it; on older rows, for its document alone."""
    cash_before_in_month: Decimal = kept("ledger.payment", default=Decimal(0), sparse=True)
    """The cash that its customer had brought in the same month before it. 0 on older rows."""

    def index_keys(self) -> dict[str, str]:
        """Cash is found by its customer and its day, until it is reversed."""
        if not self.is_cash or self.customer is None or self.reversed_by:
            return {}
        return cash_key(self.customer, self.date, self.amount, self.id)

    @property
    def is_cash(self) -> bool:
        """Whether it is cash that came on its day: no credit that was received before, and no counter-entry."""
        return self.method == "cash" and self.credit_entry is None and self.amount > 0

    @property
    def cash_notices(self) -> tuple[Finding, ...]:
        """Warnings about the limits of cash (CGI art. 11-II and 193)."""
        if not self.is_cash:
            return ()
        return cash_findings(self.amount, self.date, day_total=self.cash_before, month_total=self.cash_before_in_month)

    @property
    def withheld(self) -> Decimal:
        """RAS-TVA and RAS on fees together."""
        return self.withheld_vat + self.withheld_fees

    @property
    def applied_amount(self) -> Decimal:
        """The part of the amount that pays the invoice; nothing while it is pending."""
        if self.pending:
            return ZERO
        return self.amount if self.applied_part is None else self.applied_part

    @property
    def counts_on(self) -> dt.date:
        """The day on which its money was there."""
        return self.cashed_on or self.date

    @property
    def status(self) -> str:
        """pending, received, reversed, or counter_entry."""
        if self.reverses:
            return "counter_entry"
        if self.reversed_by:
            return "reversed"
        return "pending" if self.pending else "received"


@dataclass(frozen=True)
class Reversal:
    """The taking back of a payment, an advance or a refund: the id of its counter-entry, its day and its reason."""

    id: str
    date: dt.date
    reason: ReversalReason


@dataclass(frozen=True)
class ReceivedPayment:
    """A payment as its receiver states it, in dirhams: money, and what the payer withheld."""

    amount: Decimal
    method: Method
    date: dt.date
    reference: str | None = None
    withheld_vat: Decimal = ZERO
    withheld_fees: Decimal = ZERO
    certificate: str | None = None
    matures_on: dt.date | None = None


def check_not_later(day: dt.date, today: dt.date) -> None:
    """Raise InvalidContent for money that is dated in the future."""
    if day > today:
        raise invalid("/date", "payment_date_in_future", today=today.isoformat())


def check_between(before: dt.date, day: dt.date, today: dt.date) -> None:
    """Raise InvalidContent for a later event of money of the day `before` that is dated earlier, or in the future."""
    check_not_later(day, today)
    if day < before:
        raise invalid("/date", "before_payment", payment=before.isoformat())


def check_payment(document: Issued, balance: Balance, payment: Payment, today: dt.date) -> None:
    """Raise InvalidContent for a payment that is dated in the future, brings nothing, matures without being a cheque or
    a bill, or withholds more than is owed."""
    check_not_later(payment.date, today)
    if not payment.amount and not payment.withheld:
        raise invalid("/amount", "not_positive")
    if payment.matures_on and payment.method not in ("cheque", "bill_of_exchange"):
        raise invalid("/matures_on", "matures_only_cheque_or_bill")
    open_amount = max(ZERO, -surplus(document, _with(balance, payment, ZERO)) + payment.withheld)
    if payment.withheld > open_amount:
        pointer = "/withheld_vat" if payment.withheld_vat else "/withheld_fees"
        raise invalid(pointer, "withheld_above_balance", balance=amount_text(open_amount))


def applied(document: Issued, balance: Balance, payment: Payment) -> tuple[Balance, Decimal]:
    """The balance after a payment, and the part of its money that the document does not need.

    What was withheld counts first: it went to the Treasury and can never be unapplied credit.
    """
    whole = with_stamp_duty(document, _with(balance, payment, payment.amount))
    excess = min(payment.amount, max(ZERO, surplus(document, whole)))
    return with_stamp_duty(document, _with(balance, payment, payment.amount - excess)), excess


def _with(balance: Balance, payment: Payment, money: Decimal) -> Balance:
    return replace(
        balance,
        paid=balance.paid + money,
        not_cash=balance.not_cash + (ZERO if payment.method == "cash" else money),
        suffered_vat=balance.suffered_vat + payment.withheld_vat,
        suffered_fees=balance.suffered_fees + payment.withheld_fees,
    )


def taken_back(document: Issued, balance: Balance, payment: Payment) -> Balance:
    """The balance without a payment that was applied to it."""
    money = payment.applied_amount
    return with_stamp_duty(
        document,
        replace(
            balance,
            paid=balance.paid - money,
            not_cash=max(ZERO, balance.not_cash - (ZERO if payment.method == "cash" else money)),
            suffered_vat=balance.suffered_vat - payment.withheld_vat,
            suffered_fees=balance.suffered_fees - payment.withheld_fees,
        ),
    )


def counter_entry(payment: Payment, counter: Payment) -> Payment:
    """The counter-entry of a payment, from a row that has its own id, date and reason."""
    return replace(
        counter,
        amount=ZERO - payment.amount,
        applied_part=ZERO - payment.applied_amount if payment.applied_part is not None or payment.pending else None,
        stamp_duty=ZERO - payment.stamp_duty,
        withheld_vat=ZERO - payment.withheld_vat,
        withheld_fees=ZERO - payment.withheld_fees,
        credit_entry=payment.credit_entry,
        customer=payment.customer,
        reverses=payment.id,
    )


def additional_stamp_duty(document: Issued, amount: Decimal, method: str, day: dt.date) -> Decimal:
    """The stamp duty on a payment: only on cash, for a document that was not declared as paid in cash and is not exempt
    (LF 2019)."""
    owed = method == "cash" and document.settlement != "cash" and document.stamp_exemption is None
    return stamp_duty(amount, day) if owed else ZERO
