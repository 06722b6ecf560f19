"""Payments and what they leave: an invoice's balance and status."""

from datetime import date
from decimal import Decimal

from chalicelib.domain.document import Balance, Invoice
from chalicelib.domain.errors import invalid
from chalicelib.domain.money import ZERO, amount_text
from chalicelib.domain.morocco.stamp import stamp_duty
from chalicelib.domain.payment import Payment


def left(invoice: Invoice, balance: Balance | None) -> Decimal:
    """What is still owed, in dirhams; negative when more was credited than was left unpaid."""
    return invoice.totals.payable - (balance.paid + balance.credited if balance else ZERO)


def status(invoice: Invoice, balance: Balance | None) -> str:
    """issued, partially_paid, paid or credited, by what stands beside the invoice."""
    if balance and _credited_whole(invoice, balance):
        return "credited"
    if left(invoice, balance) <= 0:
        return "paid"
    return "partially_paid" if balance and balance.paid else "issued"


def _credited_whole(invoice: Invoice, balance: Balance) -> bool:
    done = {part.line: part.quantity for part in balance.lines}
    return bool(done) and all(done.get(number) == line.quantity for number, line in enumerate(invoice.lines, 1))


def check_payment(invoice: Invoice, balance: Balance, payment: Payment, today: date) -> None:
    """Raises InvalidContent for a payment of the future or above the balance."""
    if payment.date > today:
        raise invalid("/date", "payment_date_in_future", today=today.isoformat())
    if payment.amount > left(invoice, balance):
        raise invalid("/amount", "payment_above_balance", balance=amount_text(left(invoice, balance)))


def duty(invoice: Invoice, amount: Decimal, method: str, day: date) -> Decimal:
    """The stamp duty a payment owes of its own: only cash on a document that was not declared as settled in cash."""
    return stamp_duty(amount, day) if method == "cash" and invoice.settlement != "cash" else ZERO
